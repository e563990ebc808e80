/*
 * The servers of a group of tests: a pair, and a connection to its primary, from the set-up of the group to
 * its tear-down.
 */
#ifndef TESTS_SUPPORT_PG_GROUP_H
#define TESTS_SUPPORT_PG_GROUP_H

#include "support/pg_pair.h"

extern struct pg_pair pair;
extern PGconn *admin;

int pg_group_set_up(void **state);
int pg_group_one_set_up(void **state); /* no replica, which takes its time */
int pg_group_tear_down(void **state);

#endif
