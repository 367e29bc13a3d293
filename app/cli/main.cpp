// weft: the command line of the workbench. Composition only; each verb lives in its own file.
#include "app/cli/program.h"

int main(int argc, char** argv) {
  weft::cli::Program program;
  weft::cli::addDemoVerb(program);
  weft::cli::addProjectVerbs(program);
  weft::cli::addQueueVerbs(program);
  weft::cli::addRunVerbs(program);
  weft::cli::addReplayVerb(program);
  weft::cli::addExtendVerb(program);
  weft::cli::addMarkVerbs(program);
  weft::cli::addCompareVerb(program);
  weft::cli::addExportVerb(program);
  weft::cli::addModelVerbs(program);
  weft::cli::addEvalVerb(program);
  weft::cli::addMeasureVerb(program);
  weft::cli::addInterchangeVerbs(program);
  weft::cli::addMapVerb(program);
  weft::cli::addCostVerb(program);
  weft::cli::addPresetVerb(program);
  weft::cli::addFileVerbs(program);
  return program.run(argc, argv);
}
