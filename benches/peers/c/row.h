// Measures one operation and prints it as a row of `make bench`: op, implementation, backend, batch,
// size, operations a second, 10^6 bytes a second.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURNS = 11 };

static const char *implementation; // name and version
static double turn_seconds;
static const char *wanted;         // the operation to measure

// Every harness is called as `HARNESS MILLISECONDS OPERATION`.
static void read_arguments(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: %s MILLISECONDS OPERATION\n", arguments[0]);
        exit(2);
    }
    turn_seconds = atof(arguments[1]) / 1000 / TURNS;
    wanted = arguments[2];
}

static int is_wanted(const char *op) {
    return strcmp(op, wanted) == 0;
}

// What a library refuses is a fault of the harness, not a row.
static void must(int good, const char *what) {
    if (!good) {
        fprintf(stderr, "%s: %s failed\n", implementation, what);
        exit(1);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// The median of the turns; how many calls a turn takes is found first.
#define ROW(op, size, call)                                                                         \
    do {                                                                                            \
        long row_calls = 0;                                                                         \
        double row_seconds[TURNS], row_start = now();                                               \
        for (; now() - row_start < turn_seconds; row_calls++) {                                     \
            call;                                                                                   \
        }                                                                                           \
        for (int row_turn = 0; row_turn < TURNS; row_turn++) {                                      \
            row_start = now();                                                                      \
            for (long row_call = 0; row_call < row_calls; row_call++) {                             \
                call;                                                                               \
            }                                                                                       \
            row_seconds[row_turn] = (now() - row_start) / (double)row_calls;                        \
        }                                                                                           \
        print_row(op, size, row_seconds);                                                           \
    } while (0)

static void print_row(const char *op, int size, double *seconds) {
    qsort(seconds, TURNS, sizeof *seconds, ascending);
    double rate = 1 / seconds[TURNS / 2];
    printf("%s,%s,,1,%d,%.1f,%.1f\n", op, implementation, size, rate, rate * size / 1e6);
}

static const char KEY[17] = "0123456789abcdef";
static const char MESSAGE[33] = "0123456789abcdef0123456789abcdef";
static const char ID[17] = "1234567812345678";
static const int SIZES[] = {64, 1024, 16384};
enum { SIZE_COUNT = 3, SIZE_MAX_BYTES = 16384 };
