/// @file tree.hpp
/// The files that stand for /dev/dri and the cards' parts of /sys: a folder of its own, with a name
/// that nobody can foresee, for its owner only, removed when the process ends.
#pragma once

#include <sys/stat.h>

#include "objects.hpp"

namespace zesvm::xe_standin {

/// Makes the files of a card below the root.
void make_tree(Card& card);

/// Returns the path to use in place of `path`, kept in a buffer of the thread.
const char* elsewhere(const char* path);

/// Opens the device file of a card; -2 when the path is none.
int open_card(const char* path);

/// Makes the status of what stands for a device file look like a device file's.
int answer_stat(int result, struct stat* status, const char* path);

}  // namespace zesvm::xe_standin
