// Process 1 for a program that was not written as one.
#ifndef ISOLAB_INIT_H
#define ISOLAB_INIT_H

// Returns in a child, which becomes the program; the caller stays as process 1: it reaps whatever ends, passes on every
// signal, and ends as the program does. `socket` is the launcher's, which the program's exec closes.
void init_split(int socket);

#endif
