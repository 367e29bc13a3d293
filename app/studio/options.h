// app/studio/options.h -- the command line of weft-studio.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::studio {

struct Options {
  std::string project;
  std::string page;
  std::string theme;         // "", system, light, dark
  std::string size;          // WxH
  std::string screenshot;    // file: render the window, write it, quit
  int waitRuns = -1;         // with screenshot: at least so many runs have ended before the picture is taken
  double scale = 0;          // with screenshot: device pixels per pixel, 0 = the screen's
  std::string exportFigure;  // pareto, loss, maps: write a figure, quit
  std::string out;
  std::vector<std::pair<long long, long long>> runs;  // numbers and ranges of numbers: the first and the last
};

// Returns -1 to go on, else the exit code (help, or a wrong argument: 2).
int parseOptions(int argc, char** argv, Options& options);

}  // namespace weft::studio
