// SPDX-License-Identifier: BSD-3-Clause
// Whether files may be used where they lie in the page cache, without copying them first.
#pragma once

namespace quickbeam {

/// From now on, stacks of which statistics are made are mapped where they are in the page cache
/// already: 1.2 to 1.9 times as fast as reading them. Results are the same.
///
/// For programs that own their signals, which is why a library does not do it by itself: a page of
/// a mapped file that cannot be had, because another program cut the file meanwhile or a disk
/// fails, is a signal instead of an error. This installs a handler of SIGBUS that turns it into the
/// error that reading gives. A SIGBUS elsewhere goes to the handler that was there before. A
/// program that installs a handler of its own afterwards is ended by such a page.
///
/// Thread-safe; the second call does nothing. Where the handler cannot be installed, files are
/// read.
void allow_mapped_files();

}  // namespace quickbeam
