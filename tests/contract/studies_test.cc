// Every study in configs/studies can be read, values included, and says what it answers: in its
// own words, which hold a question, and in docs/studies.md.
#include <string>

#include <gtest/gtest.h>

#include "sim/config/study.h"
#include "sim/trace/algorithm.h"
#include "tests/contract/source_tree.h"

namespace attnsim::contract {
namespace {

TEST(StudyFiles, CanBeReadAndAreExplained) {
  std::string document;
  for (const SourceFile& file : repository_files()) {
    if (file.path == "docs/studies.md") document = file.text;
  }
  std::size_t studies = 0;
  for (const SourceFile& file : repository_files()) {
    if (folder_of(file.path) != "configs/studies") continue;
    ++studies;
    const config::Study study =
        config::load_study(std::string(ATTNSIM_SOURCE_DIR) + "/" + file.path, algorithm_catalogue(),
                           {ATTNSIM_SOURCE_DIR});
    EXPECT_GT(study.points(), 1U) << file.path;
    const std::string description = file.text.substr(0, file.text.find("\nbase:"));
    EXPECT_NE(description.find('?'), std::string::npos) << file.path << " asks nothing";
    const std::size_t begin = file.path.rfind('/') + 1;
    const std::string name = file.path.substr(begin, file.path.rfind('.') - begin);
    EXPECT_NE(document.find("| `" + name + "` |"), std::string::npos)
        << name << " is not in docs/studies.md";
  }
  EXPECT_GT(studies, 8U);
}

}  // namespace
}  // namespace attnsim::contract
