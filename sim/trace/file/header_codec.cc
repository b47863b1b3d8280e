// The header of a trace file as bytes. Fields stand in the order of traces/README.md.
#include <algorithm>

#include "sim/trace/file/byte_stream.h"
#include "sim/trace/file/names.h"
#include "sim/trace/file/trace_header.h"

namespace attnsim::trace_file {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::uint64_t kMostNames = 255;
constexpr std::uint64_t kMostItems = std::uint64_t{1} << 20;

void put_names(ByteWriter& out, Names names) {
  out.varint(names.size());
  for (const std::string_view name : names) out.text(name);
}

void put_tensors(ByteWriter& out, const std::vector<TensorDecl>& tensors) {
  out.varint(tensors.size());
  for (const TensorDecl& t : tensors) {
    out.text(t.name);
    out.byte(static_cast<std::uint8_t>(t.role));
    out.byte(static_cast<std::uint8_t>(t.dtype));
    for (const std::int64_t extent : {t.planes, t.rows, t.cols, t.interleave}) {
      out.varint(static_cast<std::uint64_t>(extent));
    }
    out.byte(t.device);
  }
}

void put_kernels(ByteWriter& out, const std::vector<RecordedKernel>& kernels) {
  out.varint(kernels.size());
  for (const RecordedKernel& kernel : kernels) {
    out.text(kernel.name);
    out.byte(kernel.device);
    out.varint(kernel.grid.size());
    for (const GridDim& dim : kernel.grid) {
      out.text(dim.name);
      out.varint(static_cast<std::uint64_t>(dim.extent));
    }
  }
}

void put_plan(ByteWriter& out, const TraceHeader& h) {
  out.text(name(h.tile_rule));
  out.varint(static_cast<std::uint64_t>(h.tile_granularity));
  out.varint(h.tiles.size());
  for (const auto& [tile, size] : h.tiles) {
    out.text(tile);
    out.zigzag(size);
  }
  out.varint(h.closed_form.size());
  for (const RecordedTerm& term : h.closed_form) {
    out.text(term.tensor);
    out.byte(static_cast<std::uint8_t>(term.dtype));
    out.varint(term.read);
    out.varint(term.written);
  }
  out.varint(h.resident.size());
  for (const TileShape& shape : h.resident) {
    out.byte(static_cast<std::uint8_t>(shape.role));
    out.byte(static_cast<std::uint8_t>(shape.dtype));
    out.varint(static_cast<std::uint64_t>(shape.rows));
    out.varint(static_cast<std::uint64_t>(shape.cols));
  }
}

/// Reads the header's fields; every number is checked against what may follow it.
class HeaderReader {
 public:
  HeaderReader(std::string_view bytes, NameMaps& maps) : in_(bytes), maps_(maps) {}

  TraceHeader read() {
    TraceHeader h;
    h.tool = in_.text();
    h.run = in_.text();
    h.algorithm = in_.text();
    h.function = in_.text();
    h.pass = in_.text();
    h.seed = in_.varint();
    maps_.ops = name_map("operation", op_names());
    maps_.dtypes = name_map("dtype", dtype_names());
    maps_.roles = name_map("role", role_names());
    maps_.tensor_roles = name_map("tensor role", tensor_role_names());
    h.tensors = list<TensorDecl>("tensors", [this] { return tensor(); });
    h.kernels = list<RecordedKernel>("kernels", [this] { return kernel(); });
    read_plan(h);
    if (!in_.at_end()) {
      throw DecodeFault(in_.at(), std::to_string(in_.left()) + " bytes after the last field");
    }
    const std::string fault = header_fault(h);
    if (!fault.empty()) throw DecodeFault(in_.at(), fault);
    return h;
  }

 private:
  /// What the file's n-th name is here. A name this program does not know is a fault.
  std::vector<std::uint8_t> name_map(std::string_view what, Names known) {
    std::vector<std::uint8_t> map;
    const std::uint64_t count = in_.at_most(kMostNames, "the number of names");
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t at = in_.at();
      const std::string name = in_.text();
      const auto position = position_of(name, known);
      if (!position) {
        throw DecodeFault(at, "unknown " + std::string(what) + " " + shown(name) +
                                  ": the file was written by another version of attnsim");
      }
      map.push_back(*position);
    }
    return map;
  }

  template <typename Enum>
  Enum named(const std::vector<std::uint8_t>& map, std::string_view what) {
    const std::size_t at = in_.at();
    const std::uint8_t number = in_.byte();
    if (number >= map.size()) {
      throw DecodeFault(at, std::string(what) + " " + std::to_string(number) +
                                " is not in the file's list of " + std::to_string(map.size()));
    }
    return static_cast<Enum>(map[number]);
  }

  template <typename Item, typename Read>
  std::vector<Item> list(std::string_view what, const Read& read) {
    std::vector<Item> items;
    const std::uint64_t count = in_.at_most(kMostItems, "the number of " + std::string(what));
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(read());
    return items;
  }

  std::int64_t extent() {
    return static_cast<std::int64_t>(in_.at_most(std::uint64_t{1} << 62, "an extent"));
  }

  TensorDecl tensor() {
    TensorDecl t;
    t.name = in_.text();
    t.role = named<TensorRole>(maps_.tensor_roles, "tensor role");
    t.dtype = named<DType>(maps_.dtypes, "dtype");
    t.planes = extent();
    t.rows = extent();
    t.cols = extent();
    t.interleave = extent();
    t.device = in_.byte();
    return t;
  }

  RecordedKernel kernel() {
    RecordedKernel k;
    k.name = in_.text();
    k.device = in_.byte();
    k.grid = list<GridDim>("grid dimensions", [this] {
      GridDim dim;
      dim.name = in_.text();
      dim.extent = extent();
      return dim;
    });
    return k;
  }

  void read_plan(TraceHeader& h) {
    const std::size_t at = in_.at();
    const std::string rule = in_.text();
    const auto known = tile_rule_from_name(rule);
    if (!known) throw DecodeFault(at, "unknown rule for tiles " + shown(rule));
    h.tile_rule = *known;
    h.tile_granularity = extent();
    h.tiles = list<std::pair<std::string, std::int64_t>>("tile sizes", [this] {
      std::string tile = in_.text();
      return std::pair(std::move(tile), in_.zigzag());
    });
    h.closed_form = list<RecordedTerm>("terms", [this] {
      RecordedTerm term;
      term.tensor = in_.text();
      term.dtype = named<DType>(maps_.dtypes, "dtype");
      term.read = in_.varint();
      term.written = in_.varint();
      return term;
    });
    h.resident = list<TileShape>("resident tiles", [this] {
      TileShape shape;
      shape.role = named<Role>(maps_.roles, "role");
      shape.dtype = named<DType>(maps_.dtypes, "dtype");
      shape.rows = extent();
      shape.cols = extent();
      return shape;
    });
  }

  ByteReader in_;
  NameMaps& maps_;
};

}  // namespace

std::string encode_header(const TraceHeader& h) {
  ByteWriter out;
  for (const std::string& text : {h.tool, h.run, h.algorithm, h.function, h.pass}) out.text(text);
  out.varint(h.seed);
  put_names(out, op_names());
  put_names(out, dtype_names());
  put_names(out, role_names());
  put_names(out, tensor_role_names());
  put_tensors(out, h.tensors);
  put_kernels(out, h.kernels);
  put_plan(out, h);
  return out.bytes();
}

TraceHeader decode_header(std::string_view bytes, NameMaps& maps) {
  return HeaderReader(bytes, maps).read();
}

}  // namespace attnsim::trace_file
