// SPDX-License-Identifier: BSD-3-Clause
// Finds the __shared__ variables in the program's own symbol table (ELF): zero-initialised static
// variables of functions in quickbeam::kernels::cuda, or in cuda_on_host for the tests' kernels.
#include "tests/cuda_on_host/shared.hpp"

#include <elf.h>
#include <link.h>

#include <bit>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda_on_host/sanitizers.hpp"

namespace quickbeam::cuda_on_host {
namespace {

struct Variable {
  char* begin;
  std::size_t bytes;
  std::uint64_t pattern = 0;  ///< what it was filled with last
  bool used = false;          ///< by a block of this grid
};

ElfW(Addr) load_address() {
  ElfW(Addr) address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        *static_cast<ElfW(Addr)*>(to) = info->dlpi_addr;
        return 1;  // the first is the program itself
      },
      &address);
  return address;
}

/// _ZZ: a variable inside a function (the C++ ABI's mangling).
bool is_of_a_kernel(std::string_view name) {
  return name.starts_with("_ZZN9quickbeam7kernels4cuda") ||
         name.starts_with("_ZZN9quickbeam12cuda_on_host12_GLOBAL__N_1");
}

/// Parts of the program's file. Debug information is most of it: only what is asked for is read.
class ProgramFile {
 public:
  template <class T>
  std::vector<T> read(std::uint64_t offset, std::uint64_t count) {
    std::vector<T> values(count);
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(reinterpret_cast<char*>(values.data()),
               static_cast<std::streamsize>(count * sizeof(T)));
    return values;
  }

 private:
  std::ifstream file_{"/proc/self/exe", std::ios::binary};
};

/// The names of variables that run code to begin with: they have a guard, and are not shared.
std::set<std::string> guarded(std::span<const ElfW(Sym)> symbols, const char* names) {
  std::set<std::string> all;
  for (const ElfW(Sym) & symbol : symbols) {
    const std::string_view name = names + symbol.st_name;
    if (name.starts_with("_ZGV")) all.insert("_Z" + std::string(name.substr(4)));
  }
  return all;
}

std::vector<Variable> find_variables() {
  ProgramFile file;
  const auto header = file.read<ElfW(Ehdr)>(0, 1).front();
  const auto sections = file.read<ElfW(Shdr)>(header.e_shoff, header.e_shnum);
  std::vector<Variable> found;
  for (const ElfW(Shdr) & section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const auto symbols =
        file.read<ElfW(Sym)>(section.sh_offset, section.sh_size / sizeof(ElfW(Sym)));
    const ElfW(Shdr)& strings = sections[section.sh_link];
    const auto names = file.read<char>(strings.sh_offset, strings.sh_size);
    const auto not_shared = guarded(symbols, names.data());
    for (const ElfW(Sym) & symbol : symbols) {
      const std::string_view name = names.data() + symbol.st_name;
      if ((symbol.st_info & 0xf) != STT_OBJECT || symbol.st_shndx >= header.e_shnum ||
          sections[symbol.st_shndx].sh_type != SHT_NOBITS || !is_of_a_kernel(name) ||
          not_shared.contains(std::string(name)))
        continue;
      found.push_back({.begin = reinterpret_cast<char*>(load_address() + symbol.st_value),
                       .bytes = symbol.st_size});
    }
  }
  return found;
}

std::vector<Variable>& variables() {
  static std::vector<Variable> all = find_variables();
  return all;
}

}  // namespace

namespace {

QUICKBEAM_UNSANITIZED void fill(Variable& variable, std::uint64_t pattern) {
  for (std::size_t i = 0; i + 8 <= variable.bytes; i += 8)
    __builtin_memcpy(variable.begin + i, &pattern, 8);
  for (std::size_t i = variable.bytes / 8 * 8; i < variable.bytes; ++i)
    variable.begin[i] = static_cast<char>(pattern >> (i % 8 * 8));
  variable.pattern = pattern;
}

QUICKBEAM_UNSANITIZED bool is_changed(const Variable& variable) {
  for (std::size_t i = 0; i + 8 <= variable.bytes; i += 8) {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, variable.begin + i, 8);
    if (word != variable.pattern) return true;
  }
  for (std::size_t i = variable.bytes / 8 * 8; i < variable.bytes; ++i)
    if (variable.begin[i] != static_cast<char>(variable.pattern >> (i % 8 * 8))) return true;
  return false;
}

}  // namespace

void fill_shared_memory(std::uint64_t block, std::uint64_t pattern) {
  const bool look = std::has_single_bit(block);  // after 1, 2, 4, ... blocks: looking costs too
  for (Variable& variable : variables()) {
    if (block == 0)
      variable.used = false;
    else if (look)
      variable.used = variable.used || is_changed(variable);
    if (block == 0 || variable.used) fill(variable, pattern);
  }
}

std::size_t shared_variables() { return variables().size(); }

}  // namespace quickbeam::cuda_on_host
