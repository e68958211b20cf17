#include "CArguments.h"

#ifdef __linux__
#include <features.h>
#endif

// On Linux, Swift reads a program's arguments from /proc/self/cmdline. Where /proc is not mounted (a chroot, a bare container) it finds none, and
// a program would run as if it had been called without any: `fitnessd --version` would start the demo. glibc hands the arguments to each function
// in .init_array, and Swift's library takes them from whoever knows them better.
#ifdef __GLIBC__
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

__attribute__((constructor)) static void give_arguments_to_swift(int count, char **arguments) {
    _swift_stdlib_overrideUnsafeArgvArgc(arguments, count);
}
#endif
