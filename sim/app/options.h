// Command lines: the options a verb declares, and what the user gave for them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim::app {

/// One row of a verb's option table. Help and parsing both read it.
struct Option {
  std::string_view name;   // without the dashes
  std::string_view value;  // what stands for the value in help: FILE; empty for a switch
  std::string_view doc;
  bool repeats = false;  // may be given several times
};

/// What a verb takes besides options.
struct Operands {
  std::string_view name;  // what stands for one in help; empty for a verb that takes none
  std::size_t least = 0;
  std::size_t most = 0;
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

/// The options every verb has: --quiet, --help, --version. -h and -q are --help and --quiet; where
/// a verb has --output, -o is it.
std::span<const Option> common_options();

/// The parsed words after a verb.
class Arguments {
 public:
  /// Throws UserError, with a suggestion where a name is misspelt.
  Arguments(std::span<const Option> options, const Operands& operands,
            const std::vector<std::string>& words);

  bool has(std::string_view option) const { return values_.contains(option); }
  /// The value of an option that was given at most once.
  std::optional<std::string> value(std::string_view option) const;
  /// Every value of an option, in the order given.
  std::vector<std::string> values(std::string_view option) const;
  /// The words that belong to no option.
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> operands_;
};

/// The value of an option as a whole number; throws UserError when it is none or below `least`.
std::optional<std::uint64_t> whole_number(const Arguments& arguments, std::string_view option,
                                          std::uint64_t least);

/// Throws UserError unless there are as many as the verb takes.
void check_operands(std::string_view verb, const Operands& expected, const Arguments& arguments);

}  // namespace attnsim::app
