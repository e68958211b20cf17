#pragma once

// glibc declares this under _GNU_SOURCE only, which Swift's import of glibc does not set.
int memfd_create(const char *name, unsigned int flags);
