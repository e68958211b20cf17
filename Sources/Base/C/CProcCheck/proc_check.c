#include "CProcCheck.h"

#ifdef __linux__
#include <string.h>
#include <unistd.h>

// Where /proc is not mounted (a chroot, a bare container), Swift finds no arguments, and `fitnessd --version` would start the demo; and libdispatch,
// which looks up its threads in /proc/self/task, ends the program with SIGILL, sooner or later. So a program says what is missing, before any Swift
// code runs. It has no arguments yet to name itself by.
static const char sentence[] =
    "fitnessd, fitnessctl and strava-simulator need /proc, which is not mounted here; mount it first: mount -t proc proc /proc\n";

__attribute__((constructor)) static void stop_without_proc(void) {
    if (access("/proc/self/task", F_OK) == 0) return;
    if (write(STDERR_FILENO, sentence, strlen(sentence)) < 0) { /* There is nobody to tell. */ }
    _exit(1);
}
#endif
