#include "sim/trace/file/section.h"

#include <array>

#include <zstd.h>

#include "sim/core/error.h"
#include "sim/trace/file/byte_stream.h"

namespace attnsim::trace_file {
namespace {

constexpr int kLevel = 3;
constexpr std::array<std::string_view, 4> kMarks = {"HEAD", "BLCK", "INDX", "DONE"};

std::string_view mark(SectionKind kind) { return kMarks[static_cast<std::size_t>(kind)]; }

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0);
    }
    table[i] = value;
  }
  return table;
}();

constexpr std::size_t kCrcAt = 12;

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr bool kChecksums = false;  // a fuzzer cannot guess them
#else
constexpr bool kChecksums = true;
#endif

/// Of the whole section but the four bytes of the checksum.
std::uint32_t section_crc(std::string_view section) {
  return crc32(section.substr(kSectionHeadBytes), crc32(section.substr(0, kCrcAt)));
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const char c : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

class Packer::Impl {
 public:
  Impl() : context_(ZSTD_createCCtx()) {
    ATTNSIM_CHECK(context_ != nullptr, "no memory for a zstd context");
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ZSTD_freeCCtx(context_); }

  std::string compressed(std::string_view plain) {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context_, out.data(), out.size(), plain.data(), plain.size());
    ATTNSIM_CHECK(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
    out.resize(size);
    return out;
  }

 private:
  ZSTD_CCtx* context_;
};

Packer::Packer() : impl_(std::make_unique<Impl>()) {}
Packer::~Packer() = default;

std::string Packer::pack(SectionKind kind, std::string_view plain) {
  ATTNSIM_CHECK(plain.size() <= kMostPlainBytes, "a section is too large");
  const std::string stored =
      kind == SectionKind::end ? std::string(plain) : impl_->compressed(plain);
  ByteWriter head;
  for (const char c : mark(kind)) head.byte(static_cast<std::uint8_t>(c));
  head.fixed(stored.size(), 4);
  head.fixed(plain.size(), 4);
  ByteWriter crc;
  crc.fixed(crc32(stored, crc32(head.bytes())), 4);
  return head.bytes() + crc.bytes() + stored;
}

class Unpacker::Impl {
 public:
  Impl() : context_(ZSTD_createDCtx()) {
    ATTNSIM_CHECK(context_ != nullptr, "no memory for a zstd context");
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ZSTD_freeDCtx(context_); }

  std::string decompressed(std::string_view stored, std::size_t plain) {
    const std::size_t frame = ZSTD_findFrameCompressedSize(stored.data(), stored.size());
    if (ZSTD_isError(frame) != 0 || frame != stored.size()) {
      throw DecodeFault(kSectionHeadBytes, "the section holds no single zstd frame");
    }
    const unsigned long long declared = ZSTD_getFrameContentSize(stored.data(), stored.size());
    if (declared != plain) {
      throw DecodeFault(kSectionHeadBytes, "the zstd frame does not unpack to the " +
                                               std::to_string(plain) +
                                               " bytes that the section declares");
    }
    std::string out(plain, '\0');
    const std::size_t size =
        ZSTD_decompressDCtx(context_, out.data(), out.size(), stored.data(), stored.size());
    if (ZSTD_isError(size) != 0) {
      throw DecodeFault(kSectionHeadBytes, std::string("zstd: ") + ZSTD_getErrorName(size));
    }
    if (size != plain) throw DecodeFault(kSectionHeadBytes, "the zstd frame ends early");
    return out;
  }

 private:
  ZSTD_DCtx* context_;
};

Unpacker::Unpacker() : impl_(std::make_unique<Impl>()) {}
Unpacker::~Unpacker() = default;

SectionHead Unpacker::head(std::string_view bytes, SectionKind expected) {
  ByteReader in(bytes);
  std::string found;
  for (int i = 0; i < 4; ++i) found += static_cast<char>(in.byte());
  if (found != mark(expected)) {
    throw DecodeFault(
        0, "expected a section " + std::string(mark(expected)) + ", got " + shown(found));
  }
  SectionHead head{.kind = expected};
  head.stored = static_cast<std::uint32_t>(in.fixed(4));
  head.plain = static_cast<std::uint32_t>(in.fixed(4));
  head.crc = static_cast<std::uint32_t>(in.fixed(4));
  if (head.plain > kMostPlainBytes) {
    throw DecodeFault(8, "the section declares " + std::to_string(head.plain) +
                             " unpacked bytes, the most is " + std::to_string(kMostPlainBytes));
  }
  return head;
}

std::string Unpacker::unpack(std::string_view section, SectionKind expected) {
  const SectionHead found = head(section, expected);
  if (section.size() - kSectionHeadBytes != found.stored) {
    throw DecodeFault(4, "the section declares " + std::to_string(found.stored) +
                             " stored bytes, but has " +
                             std::to_string(section.size() - kSectionHeadBytes));
  }
  if (kChecksums && section_crc(section) != found.crc) {
    throw DecodeFault(0, "the checksum of section " + std::string(mark(expected)) +
                             " does not match: the file is damaged");
  }
  const std::string_view stored = section.substr(kSectionHeadBytes);
  if (expected != SectionKind::end) return impl_->decompressed(stored, found.plain);
  if (found.plain != found.stored) throw DecodeFault(8, "the end section is not packed");
  return std::string(stored);
}

}  // namespace attnsim::trace_file
