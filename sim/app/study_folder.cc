#include "sim/app/study_folder.h"

#include <system_error>

#include "sim/app/output_file.h"
#include "sim/app/stream_file.h"
#include "sim/core/error.h"

namespace attnsim::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStore = "study.sqlite";
constexpr const char* kCsv = "results.csv";
constexpr const char* kLines = "results.jsonl";
constexpr std::size_t kMostShown = 40;  // points in the table

}  // namespace

StudyFolder::StudyFolder(const std::string& path) : path_(path) {
  std::error_code fault;
  if (path.empty()) throw UserError("option '--output' needs the name of a folder");
  if (fs::exists(path, fault) && !fs::is_directory(path, fault)) {
    throw UserError("cannot write to '" + path + "': it is no folder");
  }
  fs::create_directories(path, fault);
  if (fault) throw UserError("cannot make the folder '" + path + "': " + fault.message());
  for (const char* name : {kCsv, kLines}) const OutputFile check(file(name));
  store_ = std::make_unique<store::ResultStore>(file(kStore));
}

void StudyFolder::write_results(const config::Study& study, const std::vector<std::string>& keys,
                                report::StudyOverview& overview) {
  overview.points = keys.size();
  // One process at a time: the files have the same name before they are complete.
  store_->exclusively([&] {
    StreamFile csv(file(kCsv));
    StreamFile lines(file(kLines));
    csv.stream() << report::study_csv_header(study.axes());
    for (std::size_t point = 0; point < keys.size(); ++point) {
      store::StoredResult stored = store_->get(keys[point]);
      StudyRow row{.point = point, .values = study.values(point), .summary = stored.summary};
      csv.stream() << report::to_csv_line(row);
      lines.stream() << report::to_json_line(study.axes(), row, stored.document);
      if (!row.summary.no_result.empty()) ++overview.without;
      if (overview.rows.size() < kMostShown) overview.rows.push_back(std::move(row));
    }
    csv.commit();
    lines.commit();
  });
}

}  // namespace attnsim::app
