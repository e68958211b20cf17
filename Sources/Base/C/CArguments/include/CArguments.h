#ifndef CARGUMENTS_H
#define CARGUMENTS_H

// Nothing to call: see arguments.c. Each program is linked with it.

#endif
