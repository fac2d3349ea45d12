#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lab/report/report.h"
#include "lab/report/text.h"
#include "lab/report/text_table.h"
#include "lab/trace/ladder_canvas.h"
#include "lab/trace/printable.h"

namespace lab::report {
namespace {

using duet::v1::CheckReport;
using duet::v1::ScenarioReport;
using Rows = std::vector<const ScenarioReport*>;

constexpr size_t kMostErrorLines = 15;

bool HasFailedCheck(const ScenarioReport& row) {
  const auto failed = [](const CheckReport& check) { return !check.passed(); };
  return std::any_of(row.checks().begin(), row.checks().end(), failed);
}

// Nothing to show but why: no run failed a check.
bool IsRemarkAlone(const ScenarioReport& row) {
  const bool has_passed = row.verdict() == duet::v1::PASSED;
  return !has_passed && row.ladder().empty() && row.error_output().empty() && !HasFailedCheck(row);
}

void AddOnce(const std::string& text, std::vector<std::string>& texts) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

// The same words, and the rows that have them.
struct Said {
  std::string text;
  Rows rows;
  std::string Worlds() const {
    std::vector<std::string> worlds;
    for (const ScenarioReport* row : rows) AddOnce(OneLine(row->world()), worlds);
    return absl::StrJoin(worlds, " and ");
  }
};

std::vector<Said> GroupedBy(const Rows& rows, const std::function<std::string(const ScenarioReport&)>& text_of) {
  std::vector<Said> groups;
  for (const ScenarioReport* row : rows) {
    const std::string text = text_of(*row);
    if (text.empty()) continue;
    auto found = std::find_if(groups.begin(), groups.end(), [&text](const Said& said) { return said.text == text; });
    if (found == groups.end()) found = groups.insert(found, {text, {}});
    found->rows.push_back(row);
  }
  return groups;
}

const CheckReport* FailedCheck(const ScenarioReport& row, const std::string& name) {
  for (const CheckReport& check : row.checks()) {
    if (check.name() == name && !check.passed()) return &check;
  }
  return nullptr;
}

class TextWriter {
 public:
  explicit TextWriter(const TextOptions& options) : options_(options) {}

  void Add(const std::string& text) { out_ += text; }

  // Rows that have a reason and no run to show, those with the same reason on one line.
  void Remarks(const Rows& rows) {
    Rows left;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(left), [](auto row) { return IsRemarkAlone(*row); });
    if (!left.empty()) out_ += "\n";
    for (const Said& said : GroupedBy(left, VerdictAndRemark)) {
      std::vector<std::string> names;
      for (const ScenarioReport* row : said.rows) AddOnce(OneLine(row->name()), names);
      const std::string verdict = VerdictName(said.rows[0]->verdict());
      out_ += Painted(absl::StrCat("  ", Padded(verdict, 13)), VerdictPaint(said.rows[0]->verdict()), options_.colour);
      const std::string remark = said.rows[0]->remark();
      const std::string where = absl::StrCat("in ", said.Worlds(), ": ", absl::StrJoin(names, ", "));
      out_ += Wrapped(std::string(15, ' '), remark.empty() ? where : absl::StrCat(remark, " (", where, ")"),
                      options_.width).substr(15);
    }
  }

  // One scenario in the worlds that have something to show of it.
  void Explain(const Rows& rows) {
    Heading(*rows[0]);
    for (const Said& said : GroupedBy(rows, VerdictAndRemark)) {
      const Paint paint = VerdictPaint(said.rows[0]->verdict());
      const std::string what = absl::StrCat(VerdictName(said.rows[0]->verdict()), " in ", said.Worlds());
      const std::string remark = said.rows[0]->remark();
      absl::StrAppend(&out_, Painted(what, paint, options_.colour));
      out_ += remark.empty() ? "\n" : ": " + Wrapped(std::string(6, ' '), remark, options_.width).substr(6);
    }
    FailedChecks(rows);
    ErrorOutputs(rows);
    for (const ScenarioReport* row : rows) Run(*row);
  }

  void Score(const duet::v1::Report& report) {
    const Paint paint = report.score() == report.max_score() ? Paint::kGreen : Paint::kBold;
    const std::string score = absl::StrCat("score ", report.score(), " of ", report.max_score());
    absl::StrAppend(&out_, "\n", Painted(score, paint, options_.colour), "\n");
  }

  std::string Take() { return std::move(out_); }

 private:
  static std::string VerdictAndRemark(const ScenarioReport& row) {
    return absl::StrCat(VerdictName(row.verdict()), ": ", row.remark());
  }

  void Heading(const ScenarioReport& row) {
    const std::string title = row.title().empty() ? "" : absl::StrCat(": ", OneLine(row.title()));
    const size_t room = std::max<size_t>(options_.width, 20) - 5;
    const std::string shown = Shortened(absl::StrCat(OneLine(row.name()), title), room);
    std::string line = absl::StrCat("── ", shown, " ");
    for (size_t column = Columns(line); column < options_.width; ++column) line += "─";
    absl::StrAppend(&out_, "\n", Painted(line, Paint::kBold, options_.colour), "\n");
  }

  void FailedChecks(const Rows& rows) {
    std::vector<std::string> names;
    for (const ScenarioReport* row : rows) {
      for (const CheckReport& check : row->checks()) {
        if (!check.passed()) AddOnce(check.name(), names);
      }
    }
    for (const std::string& name : names) {
      Rows failed;
      std::copy_if(rows.begin(), rows.end(), std::back_inserter(failed),
                   [&name](auto row) { return FailedCheck(*row, name) != nullptr; });
      const bool everywhere = failed.size() == rows.size();
      const std::string where = everywhere ? "" : absl::StrCat(" (in ", Said{"", failed}.Worlds(), ")");
      absl::StrAppend(&out_, "\n  check ", Painted(OneLine(name), Paint::kBold, options_.colour), where, "\n");
      CheckWords("expected", failed, name, &CheckReport::expected);
      CheckWords("happened", failed, name, &CheckReport::happened);
      CheckWords("hint", failed, name, &CheckReport::hint);
    }
  }

  void CheckWords(std::string_view label, const Rows& rows, const std::string& name,
                  const std::string& (CheckReport::*words)() const) {
    const auto groups = GroupedBy(rows, [&](const ScenarioReport& row) { return (FailedCheck(row, name)->*words)(); });
    for (const Said& said : groups) {
      const std::string text = groups.size() > 1 ? absl::StrCat("in ", said.Worlds(), ": ", said.text) : said.text;
      const std::string head = absl::StrCat("    ", Padded(label, 10));
      absl::StrAppend(&out_, Painted(head, Paint::kFaint, options_.colour),
                      Wrapped(std::string(14, ' '), text, options_.width).substr(14));
    }
  }

  void ErrorOutputs(const Rows& rows) {
    const auto groups = GroupedBy(rows, [](const ScenarioReport& row) { return row.error_output(); });
    for (const Said& said : groups) {
      const std::string where = groups.size() > 1 || said.rows.size() < rows.size() ? " in " + said.Worlds() : "";
      absl::StrAppend(&out_, "\n  the end of its standard error", where, ":\n");
      std::string text = Printable(said.text);
      if (!text.empty() && text.back() == '\n') text.pop_back();
      const std::vector<std::string> lines = absl::StrSplit(text, '\n');
      const size_t first = lines.size() > kMostErrorLines ? lines.size() - kMostErrorLines : 0;
      for (size_t i = first; i < lines.size(); ++i) absl::StrAppend(&out_, "    │ ", lines[i], "\n");
    }
  }

  void Run(const ScenarioReport& row) {
    const std::string seed = row.token().empty() ? "" : absl::StrCat(", seed ", row.seed());
    const std::string heading = absl::StrCat("  in ", OneLine(row.world()), seed, ":");
    if (!row.ladder().empty()) {
      absl::StrAppend(&out_, "\n", heading, "\n", PaintedLadder(row.ladder(), options_.colour));
    }
    if (row.token().empty()) return;
    const std::string command = absl::StrCat("./duet replay ", ShellArgument(OneLine(row.token())), " ",
                                             ShellArgument(OneLine(options_.submission)),
                                             options_.in_process ? " --in-process" : "");
    absl::StrAppend(&out_, "\n  the same run again: ", Painted(command, Paint::kBold, options_.colour), "\n");
  }

  const TextOptions& options_;
  std::string out_;
};

}  // namespace

std::string TextReport(const duet::v1::Report& report, const TextOptions& options) {
  const std::vector<ScenarioRows> scenarios = Grouped(report);
  TextWriter writer(options);
  writer.Add(Table(report, scenarios, options));
  Rows all;
  for (const ScenarioReport& row : report.scenarios()) all.push_back(&row);
  writer.Remarks(all);
  for (const ScenarioRows& scenario : scenarios) {
    Rows told;
    std::copy_if(scenario.worlds.begin(), scenario.worlds.end(), std::back_inserter(told),
                 [](auto row) { return row->verdict() != duet::v1::PASSED && !IsRemarkAlone(*row); });
    if (!told.empty()) writer.Explain(told);
  }
  writer.Score(report);
  return writer.Take();
}

std::string TextScenario(const ScenarioReport& scenario, const TextOptions& options) {
  TextWriter writer(options);
  writer.Explain({&scenario});
  return writer.Take();
}

}  // namespace lab::report
