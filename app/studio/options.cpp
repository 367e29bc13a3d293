#include "app/studio/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace weft::studio {

namespace {

// "3" or "1-4"; false if it is neither.
bool parseRange(const std::string& text, std::pair<long long, long long>& range) {
  const std::size_t dash = text.find('-', 1);
  if (!CLI::detail::lexical_cast(text.substr(0, dash), range.first)) return false;
  range.second = range.first;
  return dash == std::string::npos || CLI::detail::lexical_cast(text.substr(dash + 1), range.second);
}

}  // namespace

int parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Weft's workbench: draw, train and compare cross-layer KV sharing.", "weft-studio");
  app.set_version_flag("--version", "weft-studio 0.1.0");
  app.add_option("PROJECT,--project", options.project, "Project folder to open (default: the one that was open last)");
  app.add_option("--page", options.page,
                 "Page to show: Design, Runs, Monitor, Compare, Measure, Figures, Queue, Settings");
  app.add_option("--theme", options.theme, "system, light or dark")->check(CLI::IsMember({"system", "light", "dark"}));
  app.add_option("--size", options.size, "Size of the window, such as 1440x900");
  app.add_option("--screenshot", options.screenshot, "Write a picture of the window (.png) and quit");
  app.add_option("--scale", options.scale, "With --screenshot: device pixels per pixel")->check(CLI::Range(0.5, 4.0));
  app.add_option("--wait-runs", options.waitRuns, "With --screenshot: wait until so many runs have ended");
  app.add_option("--export-figure", options.exportFigure, "Write a figure without a window: pareto, loss or maps")
      ->check(CLI::IsMember({"pareto", "loss", "maps"}));
  app.add_option("--out", options.out, "With --export-figure: the file (.pdf, .svg, .png, .csv)");
  std::vector<std::string> runs;
  app.add_option("--runs", runs,
                 "With --export-figure: numbers of the runs and ranges of them, such as 1-4,7 (default: all that are "
                 "not archived)")
      ->delimiter(',');
  app.allow_extras(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  for (const std::string& text : runs) {
    if (parseRange(text, options.runs.emplace_back())) continue;
    std::cerr << "--runs " << text << " is neither a run's number nor a range such as 1-4.\n";
    return 2;
  }
  if (!options.exportFigure.empty() && (options.out.empty() || options.project.empty())) {
    std::cerr << "--export-figure needs --project DIR and --out FILE.\n";
    return 2;
  }
  return -1;
}

}  // namespace weft::studio
