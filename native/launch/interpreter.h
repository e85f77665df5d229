// Names what a program file needs to run: the loader of an ELF file, the interpreter of a script.
#ifndef ISOLAB_INTERPRETER_H
#define ISOLAB_INTERPRETER_H

#include <stddef.h>

// Leaves `path` as it is where FILE names none (elf(5), execve(2)).
void interpreter_of(const char *file, char *path, size_t size);

#endif
