// Texts that differ in their figures only, such as the results of one algorithm on one machine,
// taken apart into what they share and what they do not.
//
// A word is a run of letters, digits, dots, signs and underscores with a digit in it. A text is its
// shape, in which every word is a mark, and its words. Beside an example of the same shape most
// words are left out: those that equal the example's and, where the example repeats itself (bytes
// that cross two memories), those that repeat likewise.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim::store {

struct TextParts {
  std::string shape{};
  std::vector<std::string> words{};
};

TextParts take_apart(std::string_view text);

class TextExample {
 public:
  explicit TextExample(TextParts parts);

  const std::string& shape() const { return parts_.shape; }

  /// The words, separated by blanks; those that the example foretells are empty.
  /// REQUIRES: those of a text of this shape.
  std::string difference(const std::vector<std::string>& words) const;

  /// The text with this difference.
  std::string text(std::string_view difference) const;

 private:
  TextParts parts_;
  std::vector<std::size_t> first_;  // by word: where the example has the same for the first time
};

}  // namespace attnsim::store
