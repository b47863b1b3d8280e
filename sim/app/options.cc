#include "sim/app/options.h"

#include <array>
#include <charconv>

#include <boost/program_options.hpp>

#include "sim/core/error.h"
#include "sim/core/spelling.h"

namespace attnsim::app {
namespace {

namespace po = boost::program_options;

constexpr std::array kCommonOptions = {
    Option{.name = "quiet", .value = "", .doc = "no progress on stderr"},
    Option{.name = "help", .value = "", .doc = "this text"},
    Option{.name = "version", .value = "", .doc = "the version of attnsim"},
};

constexpr const char* kOperandKey = "operand";  // where positional words go; not an option

std::string dashed(std::string_view name) { return "--" + std::string(name); }

/// The name with its short form, as program_options wants it.
std::string boost_name(std::string_view name) {
  if (name == "help") return "help,h";
  if (name == "quiet") return "quiet,q";
  if (name == "output") return "output,o";
  return std::string(name);
}

po::options_description describe(std::span<const Option> options) {
  po::options_description description;
  for (const Option& option : options) {
    if (option.value.empty()) {
      description.add_options()(boost_name(option.name).c_str(), "");
    } else {
      description.add_options()(boost_name(option.name).c_str(), po::value<std::string>(), "");
    }
  }
  description.add_options()(kOperandKey, po::value<std::vector<std::string>>(), "");
  return description;
}

[[noreturn]] void unknown_option(const std::string& given, std::span<const Option> options) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back(dashed(option.name));
  const std::string name = given.substr(0, given.find('='));
  throw UserError("unknown option '" + name + "'" + suggestion(name, names));
}

po::parsed_options parse(std::span<const Option> options, const std::vector<std::string>& words) {
  const po::options_description description = describe(options);
  po::positional_options_description positional;
  positional.add(kOperandKey, -1);
  try {
    return po::command_line_parser(words)
        .options(description)
        .positional(positional)
        .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
        .run();
  } catch (const po::unknown_option& error) {
    unknown_option(error.get_option_name(), options);
  } catch (const po::invalid_command_line_syntax& error) {
    const bool extra = error.kind() == po::invalid_syntax::extra_parameter;
    throw UserError("option '" + error.get_option_name() +
                    (extra ? "' takes no value" : "' needs a value"));
  } catch (const po::error& error) {
    throw UserError(error.what());
  }
}

const Option* find(std::span<const Option> options, std::string_view name) {
  for (const Option& option : options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

}  // namespace

std::span<const Option> common_options() { return kCommonOptions; }

Arguments::Arguments(std::span<const Option> options, const Operands& operands,
                     const std::vector<std::string>& words) {
  for (const auto& given : parse(options, words).options) {
    // `--operand x` would otherwise be taken for what it is only inside.
    if (given.string_key == kOperandKey && given.position_key < 0) {
      unknown_option(dashed(kOperandKey), options);
    }
    if (given.position_key >= 0) {
      if (operands.most == 0) throw UserError("unexpected argument '" + given.value.at(0) + "'");
      operands_.insert(operands_.end(), given.value.begin(), given.value.end());
      continue;
    }
    const Option* option = find(options, given.string_key);
    ATTNSIM_CHECK(option != nullptr, "option '" + given.string_key + "' is not declared");
    auto [it, inserted] = values_.try_emplace(given.string_key);
    if (!inserted && !option->repeats && !option->value.empty()) {
      throw UserError("option '" + dashed(option->name) + "' is given more than once");
    }
    it->second.insert(it->second.end(), given.value.begin(), given.value.end());
  }
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto it = values_.find(option);
  if (it == values_.end()) return std::nullopt;
  return it->second.at(0);
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  const auto it = values_.find(option);
  return it == values_.end() ? std::vector<std::string>{} : it->second;
}

std::optional<std::uint64_t> whole_number(const Arguments& arguments, std::string_view option,
                                          std::uint64_t least) {
  const std::optional<std::string> text = arguments.value(option);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, fault] = std::from_chars(text->data(), end, number);
  if (fault != std::errc{} || stop != end || number < least) {
    throw UserError("option '" + dashed(option) + "' needs a whole number of at least " +
                    std::to_string(least) + ", got '" + *text + "'");
  }
  return number;
}

void check_operands(std::string_view verb, const Operands& expected, const Arguments& arguments) {
  const std::vector<std::string>& given = arguments.operands();
  if (given.size() < expected.least) {
    throw UserError("'attnsim " + std::string(verb) + "' needs a " + std::string(expected.name));
  }
  if (given.size() > expected.most) {
    throw UserError("'attnsim " + std::string(verb) + "' takes one " + std::string(expected.name) +
                    ", got '" + given[expected.most] + "' too");
  }
  for (const std::string& word : given) {
    if (word.empty())
      throw UserError("an argument is empty; expected a " + std::string(expected.name));
  }
}

}  // namespace attnsim::app
