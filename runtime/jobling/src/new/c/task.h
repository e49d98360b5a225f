#ifndef TASK_H
#define TASK_H

#define LINE_BYTES 256

/// Writes what the task prints about `subject` into `line`, and returns that.
const char *task_line(char line[LINE_BYTES], const char *subject);

#endif
