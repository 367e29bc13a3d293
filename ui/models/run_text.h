// ui/models/run_text.h -- how a run's numbers and states are written for people: the same words in tables, panels,
// tooltips and for screen readers.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "engine/store/run_fields.h"

namespace weft::ui {

// What each of these is called beside the others: "MQA s1", "MQA s2", "MHA" (store/run_labels.h). A run that stands
// alone: RunsSnapshot::label().
QStringList runLabels(const std::vector<store::RunSummary>& shown);

// A described field of the run in its style: "13.54", "945.8 M", "2026-11-26 14:05"; "–" for what it has not.
QString fieldText(const store::RunField& field, const store::RunSummary& run);

QString stateLabel(store::RunState state);     // "Running"
QString stateIconName(store::RunState state);  // a shape of its own for every state
// How an active run is sorted and grouped: running before waiting before ended.
int stateOrder(store::RunState state);

QString headsText(const store::RunSummary& run);         // "16 / 1 × 128"
QString countText(double count);                         // "945.8 M", "-" for none
QString rateText(std::optional<double> perSecond);       // "47.6 k"
QString perplexityText(std::optional<double> value);     // "13.54"
QString bytesPerTokenText(std::optional<double> bytes);  // "5,120"
QString kvBytesText(const store::RunSummary& run);       // "512 B in float32": bytes mean little without their type
QString progressText(const store::RunSummary& run);      // "62%", "7,153 steps", "at 31%, resumable", the failure
QString ageText(double time_s, double now_s);            // "now", "12 min", "4 h", "12 d"; "" for a time of 0
QString durationText(double seconds);                    // "2 d 19 h", "4 min"
// A device as the service names it is a lane and its description, "cuda:0 NVIDIA H100 80GB HBM3".
QString deviceName(const std::string& device);    // "cuda:0", "CPU"
QString deviceDetail(const std::string& device);  // "NVIDIA H100 80GB HBM3"
double now_s();

// The run's time left by its own pace so far; nullopt before it has one.
std::optional<double> timeLeft_s(const store::RunSummary& run, double now_s);

}  // namespace weft::ui
