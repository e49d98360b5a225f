// The interface jobling:task/work-queue, as the component model's canonical ABI lowers it.

#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(name) \
    __attribute__((import_module("jobling:task/work-queue@0.1.0"), import_name(name)))

struct failure {
    uint8_t reason;
    char *message;
    size_t length;
};

struct answer {
    uint8_t failed;
    union {
        int32_t queue;
        struct failure failure;
    };
};

struct delivery {
    uint8_t failed;
    union {
        struct failure failure;
        struct {
            uint8_t some;
            struct item item;
        };
    };
};

IMPORT("[static]queue.open") void host_open(const char *name, size_t length, struct answer *answer);
IMPORT("[method]queue.push")
void host_push(int32_t queue, const char *body, size_t length, struct answer *answer);
IMPORT("[method]queue.reserve")
void host_reserve(int32_t queue, uint32_t wait_milliseconds, struct delivery *delivery);
IMPORT("[method]queue.ack") void host_ack(int32_t queue, uint64_t receipt, struct answer *answer);
IMPORT("[method]queue.nack")
void host_nack(int32_t queue, uint64_t receipt, uint32_t delay_milliseconds, struct answer *answer);

/// Where the host puts what an answer points to.
__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size) {
    (void)old_size;
    (void)alignment;
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        abort();
    }
    return memory;
}

static bool went_well(uint8_t failed, struct failure failure) {
    if (failed) {
        fprintf(stderr, "error: %.*s\n", (int)failure.length, failure.message);
        if (failure.length) {
            free(failure.message);
        }
    }
    return !failed;
}

bool queue_open(const char *name, int32_t *queue) {
    struct answer answer;
    host_open(name, strlen(name), &answer);
    *queue = answer.queue;
    return went_well(answer.failed, answer.failure);
}

bool queue_push(int32_t queue, const char *body) {
    struct answer answer;
    host_push(queue, body, strlen(body), &answer);
    return went_well(answer.failed, answer.failure);
}

bool queue_reserve(int32_t queue, uint32_t wait_milliseconds, struct item *item) {
    struct delivery delivery;
    host_reserve(queue, wait_milliseconds, &delivery);
    if (!went_well(delivery.failed, delivery.failure)) {
        return false;
    }
    item->body = NULL;
    if (delivery.some) {
        *item = delivery.item;
        // What is empty is nowhere.
        char *body = item->length ? item->body : NULL;
        item->body = cabi_realloc(body, item->length, 1, item->length + 1);
        item->body[item->length] = '\0';
    }
    return true;
}

bool queue_ack(int32_t queue, uint64_t receipt) {
    struct answer answer;
    host_ack(queue, receipt, &answer);
    return went_well(answer.failed, answer.failure);
}

bool queue_nack(int32_t queue, uint64_t receipt, uint32_t delay_milliseconds) {
    struct answer answer;
    host_nack(queue, receipt, delay_milliseconds, &answer);
    return went_well(answer.failed, answer.failure);
}
