#include <assert.h>
#include <string.h>

#include "task.h"

int main(void) {
    char line[LINE_BYTES];
    assert(strcmp(task_line(line, "{{example}}"), "{{before}}{{example}}{{after}}") == 0);
    return 0;
}
