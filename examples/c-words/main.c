// Counts the lines, words and bytes of the files that the arguments name, and tells the longest word.

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WORD_BYTES 64

struct counts {
    unsigned long lines, words, bytes;
    char longest[WORD_BYTES];
};

// A word that is longer than its buffer counts, and is told cut.
static void count(FILE *file, struct counts *counts) {
    char word[WORD_BYTES];
    size_t length = 0;
    for (int c = 0; c != EOF;) {
        c = fgetc(file);
        counts->bytes += c != EOF;
        counts->lines += c == '\n';
        if (c != EOF && !isspace(c)) {
            if (length < WORD_BYTES - 1) word[length++] = (char)c;
            continue;
        }
        word[length] = '\0';
        counts->words += length > 0;
        if (length > strlen(counts->longest)) strcpy(counts->longest, word);
        length = 0;
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (!file) {
            perror(argv[i]);
            return 66; // EX_NOINPUT: a podFailurePolicy can tell it apart.
        }
        struct counts counts = {0};
        count(file, &counts);
        fclose(file);
        printf("%s: %lu lines, %lu words, %lu bytes, the longest word is %s\n", argv[i], counts.lines,
               counts.words, counts.bytes, counts.longest);
    }
    return 0;
}
