// Sections: what a trace file is made of after its first sixteen bytes.
//
// A section is a head of sixteen bytes (kind, stored size, unpacked size, CRC-32 of these and of
// what is stored) and one zstd frame with its own size and checksum. The end section is stored as
// it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace attnsim::trace_file {

enum class SectionKind : std::uint8_t { header, block, index, end };

inline constexpr std::size_t kSectionHeadBytes = 16;

/// No section unpacks to more: a file cannot make a reader take more memory than this.
inline constexpr std::uint32_t kMostPlainBytes = std::uint32_t{1} << 26;

struct SectionHead {
  SectionKind kind = SectionKind::header;
  std::uint32_t stored = 0;  // bytes after the head
  std::uint32_t plain = 0;   // bytes once unpacked
  std::uint32_t crc = 0;
};

/// CRC-32 (IEEE 802.3, as in zlib and PNG) of `bytes`, continuing from `crc`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

/// Packs sections; keeps its working memory between them.
class Packer {
 public:
  Packer();
  ~Packer();
  /// Head and stored bytes. REQUIRES: at most kMostPlainBytes.
  std::string pack(SectionKind kind, std::string_view plain);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Unpacks sections; every fault is a DecodeFault at a position within the section.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  /// Parses the first kSectionHeadBytes of `bytes` and checks kind and sizes, nothing else yet.
  static SectionHead head(std::string_view bytes, SectionKind expected);
  /// The content of a whole section (head and stored bytes).
  std::string unpack(std::string_view section, SectionKind expected);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace attnsim::trace_file
