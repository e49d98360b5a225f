#include "task.h"

#include <stdio.h>

const char *task_line(char line[LINE_BYTES], const char *subject) {
    snprintf(line, LINE_BYTES, "{{before}}%s{{after}}", subject);
    return line;
}
