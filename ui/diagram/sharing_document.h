// ui/diagram/sharing_document.h -- the design that is being edited: a model's shape, its map as text, and what it
// costs. GUI thread. Every edit is one step of undo() with a text of what it undoes. Text that is no valid map is kept
// as text; map() and costs() stay those of the last valid one.
#pragma once

#include <QObject>
#include <QUndoStack>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/sharing/cost_model.h"
#include "engine/sharing/map_text.h"
#include "ui/diagram/map_edits.h"

namespace weft::ui {

// What undo and redo restore. `model.sharing` is the map's text as the user left it.
struct Design {
  QString name;  // empty: it follows the shape and the pattern
  config::ModelConfig model;
  bool operator==(const Design&) const = default;
};

// A way out of an error: a whole text, or leave to read upwards.
struct MapFix {
  QString label;  // "Read layer 4"
  std::string text;
  bool allowUpward = false;
  std::optional<int> layers;  // another number of layers for the model
  std::optional<int> source;  // what the wrong layer would read: previewed in the diagram
};

// One wrong row.
struct RowProblem {
  int layer = -1;
  int source = -1;  // what its text asks for, -1 if that is not even a number
  QString message;
};

class SharingDocument : public QObject {
  Q_OBJECT
 public:
  explicit SharingDocument(QObject* parent = nullptr);

  const Design& design() const { return m_design; }
  QString name() const;
  const std::string& text() const { return m_design.model.sharing; }
  // With as many layers as map(), and where the model takes its tokenizer's vocabulary, with that one; 0 while the
  // tokenizer is not read.
  sharing::ModelShape shape() const;
  const sharing::SharingMap& map() const { return m_map; }  // the last valid one
  bool isValid() const { return !m_error; }
  const std::optional<sharing::MapTextError>& error() const { return m_error; }
  const std::vector<RowProblem>& problems() const { return m_problems; }
  const std::vector<MapFix>& fixes() const { return m_fixes; }
  std::string generator() const { return m_generator; }  // "cla2", "" if none makes map()
  // Of the last valid map and shape; nullopt before there was any.
  const std::optional<sharing::CostReport>& costs() const { return m_costs; }
  const std::optional<sharing::CostReport>& unsharedCosts() const { return m_unshared; }
  // Why costs() are not those of what is written; empty if they are.
  const QString& staleCosts() const { return m_stale; }
  const sharing::ModelShape& costedShape() const { return m_costedShape; }
  const sharing::SharingMap& costedMap() const { return m_costedMap; }
  bool mayRead(int layer, int source) const;
  QString describeLayer(int layer) const;  // one sentence: the tooltip and what a screen reader says

  QUndoStack& undo() { return m_undo; }

  // --- edits: one undo step each, nothing if nothing changes
  void setMapText(const std::string& text);  // keystrokes in a row are one step, until endTyping()
  void endTyping() { ++m_typing; }
  void applyGenerator(const std::string& nameAndNumber);
  void applyFix(std::size_t index);
  void setSource(const LayerSet& layers, int source);  // not a possible source: becomes wrong text, with its sentence
  void group(const LayerSet& layers);                  // one layer alone joins the group of the one below it
  void separate(const LayerSet& layers);
  void moveBoundary(int layer, Boundary direction);
  void setWindow(const LayerSet& layers, const sharing::Window& window);
  void toggleWindow(const LayerSet& layers);  // full <-> the model's; a model without one gets 1,024
  void setKvHeads(const LayerSet& layers, std::optional<int> heads);
  void setLayerCount(int layers);
  void setName(const QString& name);
  // Heads, widths, sizes: `change` edits a copy.
  void changeModel(const QString& what, const std::function<void(config::ModelConfig&)>& change);

  // --- not undone: the question asked of the cost model, and what else a run needs
  const sharing::CostRequest& request() const { return m_request; }
  void setRequest(const sharing::CostRequest& request);
  const config::RunConfig& run() const {
    return m_run;
  }  // data, training, device; its name and model are those of the last load()
  void setRun(const config::RunConfig& run);
  config::RunConfig runConfig() const;  // run() with this design's name and model
  // Ids of run().data.tokenizer, or why they are not known; nullopt: it is not read yet. The byte tokenizer needs no
  // reading.
  const std::optional<Result<std::int64_t>>& tokenizerVocabulary() const { return m_vocabulary; }
  void setTokenizerVocabulary(std::optional<Result<std::int64_t>> vocabulary);

  // Replaces name, model and run in one undo step.
  void load(const config::RunConfig& config, const QString& what);
  // As load() with text that need not be valid, without an undo step: a draft comes back.
  void restore(const config::RunConfig& config, const Design& design);

 Q_SIGNALS:
  void changed();                         // anything of the above
  void refused(const QString& sentence);  // an edit that made no sense, and why

 private:
  class Step;
  void push(const QString& what, Design next, int mergeKey = 0);
  void groupWithBelow(int layer);
  void pushLayers(const QString& what, Layers layers);
  void apply(const Design& design);
  void parse();
  void findProblems();
  void findFixes();
  void updateCosts();

  Design m_design;
  config::RunConfig m_run;
  std::optional<Result<std::int64_t>> m_vocabulary;
  sharing::CostRequest m_request;
  sharing::SharingMap m_map = sharing::SharingMap::identity(1);
  std::optional<sharing::MapTextError> m_error;
  std::vector<RowProblem> m_problems;
  std::vector<MapFix> m_fixes;
  std::string m_generator;
  std::optional<sharing::CostReport> m_costs, m_unshared;
  sharing::ModelShape m_costedShape;
  sharing::SharingMap m_costedMap = sharing::SharingMap::identity(1);
  QString m_stale;
  QUndoStack m_undo;
  int m_typing = 1;
};

}  // namespace weft::ui
