/*
 * What Av1an is linked with in place of libvsscript. At its start Av1an asks VapourSynth, by way of a script environment,
 * which filters it has, and ends where it gets no environment. VapourSynth's own one needs Python 3.12, which Debian 12 has
 * not. This one has a core and runs no script, for which it has no functions: Av1an finds no source filter and cuts with
 * ffmpeg, as it does where VapourSynth is there without plugins.
 */
#include <stddef.h>
#include <stdlib.h>

#include "VSScript4.h"

struct VSScript {
    VSCore *core;
};

static int VS_CC version(void) { return VSSCRIPT_API_VERSION; }

static const VSAPI *VS_CC vapoursynth(int wanted) { return getVapourSynthAPI(wanted); }

static VSScript *VS_CC create(VSCore *core) {
    const VSAPI *api = vapoursynth(VAPOURSYNTH_API_VERSION);
    VSScript *script = api ? malloc(sizeof *script) : NULL;
    if (script)
        script->core = core ? core : api->createCore(0);
    return script;
}

static VSCore *VS_CC core_of(VSScript *script) { return script->core; }

static const char *VS_CC error_of(VSScript *script) { return "this environment runs no scripts"; }

static void VS_CC release(VSScript *script) {
    vapoursynth(VAPOURSYNTH_API_VERSION)->freeCore(script->core);
    free(script);
}

static const VSSCRIPTAPI functions = {
    .getAPIVersion = version,
    .getVSAPI = vapoursynth,
    .createScript = create,
    .getCore = core_of,
    .getError = error_of,
    .freeScript = release,
};

const VSSCRIPTAPI *VS_CC getVSScriptAPI(int wanted) { return wanted >> 16 == VSSCRIPT_API_MAJOR ? &functions : NULL; }
