/* Private to the room: how a listener makes a link of an accepted connection. */
#ifndef WIRE_PRIVATE_LINK_H
#define WIRE_PRIVATE_LINK_H

#include "wire/link.h"

/* Takes over a connected descriptor. */
int link_of_fd(uv_loop_t *loop, int fd, const struct link_events *events, void *data, struct link **ret,
               struct err *err) MUST_CHECK;

/* A socket and its address at a path of any length: the address goes through a descriptor of the directory,
 * because sun_path holds 107 bytes only. Close both afterwards. */
struct sockaddr_un;
int socket_at(const char *path, int *ret_socket, int *ret_directory, struct sockaddr_un *ret_address,
              struct err *err) MUST_CHECK;

#endif
