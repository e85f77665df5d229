// The keeper's own place: network namespaces it makes and visits, and the directory of their names.
#ifndef ISOLAB_PLACE_H
#define ISOLAB_PLACE_H

// Sets up the mount and network namespace that the keeper was started in: a private, shared /run/netns, which becomes the
// working directory, and lo up. Returns NULL, or the step that failed, with errno set.
const char *place_set_up(void);

// Each returns a descriptor, or -1 with errno set. A process that cannot get back home ends.
int place_socket(int netns);  // rtnetlink; -1: of home
int place_events(int *control);
int place_make(void);
int place_host_name(int uts);  // a pipe with the name in it, written whole

// Each returns 0, or -1 with errno set. NAME is one component of a path.
int place_pin_new(const char *name, int netns);
int place_pin(const char *name, int netns);
int place_unpin(const char *name);

#endif
