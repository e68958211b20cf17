#ifndef CPROCCHECK_H
#define CPROCCHECK_H

// Nothing to call: see proc_check.c. Each program is linked with it.

#endif
