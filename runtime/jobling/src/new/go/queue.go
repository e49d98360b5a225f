package main

import (
	"errors"
	"time"
	"unsafe"
)

// queue is a work queue of the host's: jobling:task/work-queue, as the component model's canonical ABI
// lowers it.
type queue int32

// item is an item, delivered.
type item struct {
	receipt uint64
	attempt uint32
	body    []byte
}

//go:wasmimport jobling:task/work-queue@0.1.0 [static]queue.open
func hostOpen(name unsafe.Pointer, length uint32, answer unsafe.Pointer)

//go:wasmimport jobling:task/work-queue@0.1.0 [method]queue.push
func hostPush(queue int32, body unsafe.Pointer, length uint32, answer unsafe.Pointer)

//go:wasmimport jobling:task/work-queue@0.1.0 [method]queue.reserve
func hostReserve(queue int32, wait uint32, answer unsafe.Pointer)

//go:wasmimport jobling:task/work-queue@0.1.0 [method]queue.ack
func hostAck(queue int32, receipt uint64, answer unsafe.Pointer)

//go:wasmimport jobling:task/work-queue@0.1.0 [method]queue.nack
func hostNack(queue int32, receipt uint64, delay uint32, answer unsafe.Pointer)

// given holds what the host has put into this program's memory, until it is taken.
var given = map[uint32][]byte{}

//go:wasmexport cabi_realloc
func realloc(_, _, _, size uint32) uint32 {
	bytes := make([]byte, size, size+1)
	at := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))
	given[at] = bytes
	return at
}

// answer is what a call has left. Its first byte tells whether the call failed.
type answer [5]uint64

func (a *answer) word(at uint) uint32 { return uint32(a[at/8] >> (at % 8 * 8)) }
func (a *answer) byte(at uint) byte   { return byte(a.word(at)) }

// list returns the list whose address and length are at a place.
func (a *answer) list(at uint) []byte {
	defer delete(given, a.word(at))
	return given[a.word(at)][:a.word(at+4)]
}

// failure returns how the call failed; what else it would have returned begins at a place.
func (a *answer) failure(at uint) error {
	if a.byte(0) == 0 {
		return nil
	}
	return errors.New(string(a.list(at + 4)))
}

func openQueue(name string) (queue, error) {
	var a answer
	hostOpen(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), unsafe.Pointer(&a))
	return queue(a.word(4)), a.failure(4)
}

func (q queue) push(body []byte) error {
	var a answer
	hostPush(int32(q), unsafe.Pointer(unsafe.SliceData(body)), uint32(len(body)), unsafe.Pointer(&a))
	return a.failure(4)
}

// reserve waits for the next item; nil where none came in time.
func (q queue) reserve(wait time.Duration) (*item, error) {
	var a answer
	hostReserve(int32(q), uint32(wait.Milliseconds()), unsafe.Pointer(&a))
	if err := a.failure(8); err != nil || a.byte(8) == 0 {
		return nil, err
	}
	return &item{receipt: a[2], attempt: a.word(24), body: a.list(28)}, nil
}

// ack says that an item is done.
func (q queue) ack(item *item) error {
	var a answer
	hostAck(int32(q), item.receipt, unsafe.Pointer(&a))
	return a.failure(4)
}

// nack says that an item failed, and is to be delivered again after a while.
func (q queue) nack(item *item, delay time.Duration) error {
	var a answer
	hostNack(int32(q), item.receipt, uint32(delay.Milliseconds()), unsafe.Pointer(&a))
	return a.failure(4)
}
