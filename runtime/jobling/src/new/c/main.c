// {{purpose}}

#include <stdio.h>
{{import}}
#include "task.h"

int main({{parameters}}) {
    const char *subject = {{subject}};
    if (!subject) {
        fputs("error: {{missing}}\n", stderr);
        return 78; // EX_CONFIG: the manifest is wrong.
    }
    char line[LINE_BYTES];
    puts(task_line(line, subject));
    return 0;
}
