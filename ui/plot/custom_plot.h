// ui/plot/custom_plot.h -- qcustomplot.h uses Qt's keywords (signals, slots, foreach, emit), which the studio does
// without. Include this instead.
#pragma once

#include <QtGlobal>

#pragma push_macro("signals")
#pragma push_macro("slots")
#pragma push_macro("foreach")
#pragma push_macro("emit")
#undef signals
#undef slots
#undef foreach
#undef emit
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#define emit

#include <qcustomplot.h>

#pragma pop_macro("signals")
#pragma pop_macro("slots")
#pragma pop_macro("foreach")
#pragma pop_macro("emit")
