#include "app/studio/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace weft::studio {

int parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Weft's workbench: draw, train and compare cross-layer KV sharing.", "weft-studio");
  app.set_version_flag("--version", "weft-studio 0.1.0");
  app.add_option("PROJECT,--project", options.project, "Project folder to open (default: the one that was open last)");
  app.add_option("--page", options.page, "Page to show: Design, Runs, Monitor, Compare, Measure, Figures, Queue, Settings");
  app.add_option("--theme", options.theme, "system, light or dark")->check(CLI::IsMember({"system", "light", "dark"}));
  app.add_option("--size", options.size, "Size of the window, such as 1440x900");
  app.add_option("--screenshot", options.screenshot, "Write a picture of the window (.png) and quit");
  app.add_option("--scale", options.scale, "With --screenshot: device pixels per pixel")->check(CLI::Range(0.5, 4.0));
  app.add_option("--wait-runs", options.waitRuns, "With --screenshot: wait until so many runs have ended");
  app.add_option("--export-figure", options.exportFigure, "Write a figure without a window: pareto, loss or maps")
      ->check(CLI::IsMember({"pareto", "loss", "maps"}));
  app.add_option("--out", options.out, "With --export-figure: the file (.pdf, .svg, .png, .csv)");
  app.add_option("--runs", options.runs, "With --export-figure: numbers of the runs (default: all that are not archived)")->delimiter(',');
  app.allow_extras(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (!options.exportFigure.empty() && (options.out.empty() || options.project.empty())) {
    std::cerr << "--export-figure needs --project DIR and --out FILE.\n";
    return 2;
  }
  return -1;
}

}  // namespace weft::studio
