// weft: the command line. Composition only.
#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("Weft: research on cross-layer KV sharing from the command line.", "weft");
  app.set_version_flag("--version", "weft 0.1.0");
  CLI11_PARSE(app, argc, argv);
  return 0;
}
