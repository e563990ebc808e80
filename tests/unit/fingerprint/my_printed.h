/* The MariaDB of a group of tests, and a connection to it. */
#ifndef TESTS_UNIT_FINGERPRINT_MY_PRINTED_H
#define TESTS_UNIT_FINGERPRINT_MY_PRINTED_H

#include "printed.h"
#include "support/my_pair.h"

extern struct my_pair pair;
extern MYSQL *admin;

int my_group_set_up(void **state);
int my_group_tear_down(void **state);

#endif
