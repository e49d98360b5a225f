#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An item, delivered. What is in `body` ends with a NUL beyond its length, and is the caller's to free.
struct item {
    uint64_t receipt;
    uint32_t attempt;
    char *body;
    size_t length;
};

/// A queue of the host's, by its handle. Each call returns whether it went well, and else says on stderr
/// why it did not.
bool queue_open(const char *name, int32_t *queue);
bool queue_push(int32_t queue, const char *body);

/// Waits for the next item; its body is NULL where none came in time.
bool queue_reserve(int32_t queue, uint32_t wait_milliseconds, struct item *item);

/// Says that an item is done, or that it failed and is to be delivered again after a while.
bool queue_ack(int32_t queue, uint64_t receipt);
bool queue_nack(int32_t queue, uint64_t receipt, uint32_t delay_milliseconds);

#endif
