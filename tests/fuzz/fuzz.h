/*
 * Fuzzing what reads from outside. Each file of this directory but run.c is one target: a function that is
 * given bytes, and ends the process (an assertion, a sanitizer) when something that always holds does not.
 *
 * Built with -Dfuzz=true and clang the targets are libFuzzer's (`./dev fuzz`); in every other build run.c
 * drives them over the corpus and over changes of it that come from a seed, as ordinary tests.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name and the types are libFuzzer's. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
