// {{purpose}}

#include <stdio.h>
#include <stdlib.h>

#include "queue.h"
#include "task.h"

// So long it waits for another item before it ends.
#define IDLE_MILLISECONDS 1000
// So long an item that failed is left alone: less, so that it comes again while somebody waits.
#define DELAY_MILLISECONDS 100

int main(int argc, char **argv) {
    int32_t queue;
    if (!queue_open("{{name}}", &queue)) {
        return 1;
    }
    for (int at = 1; at < argc; at++) {
        if (!queue_push(queue, argv[at])) {
            return 1;
        }
    }
    struct item item;
    while (queue_reserve(queue, IDLE_MILLISECONDS, &item)) {
        if (!item.body) {
            return 0;
        }
        bool settled;
        if (item.length == 0) {
            fputs("error: the item is empty\n", stderr);
            settled = queue_nack(queue, item.receipt, DELAY_MILLISECONDS);
        } else {
            char line[LINE_BYTES];
            puts(task_line(line, item.body));
            settled = queue_ack(queue, item.receipt);
        }
        free(item.body);
        if (!settled) {
            return 1;
        }
    }
    return 1;
}
