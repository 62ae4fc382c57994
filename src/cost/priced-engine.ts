/**
 * Of an engine profile what steps are priced with. It is written out because V8 compiles code for the order in which
 * properties were added: profiles that were read, and copies with a constant changed, would each have it compiled anew.
 */
import type { EngineProfile, FixedAndEach } from './engine-profile.ts';

export type PricedEngine = ReturnType<typeof pricedEngine>;

export function pricedEngine(engine: EngineProfile) {
  const { fromBytes, extraS } = engine.allReduceSwitch;
  return {
    kernels: engine.kernels,
    layerLaunchS: engine.layerLaunchS,
    productLaunchS: engine.productLaunchS,
    layerHostS: engine.layerHostS,
    fullGraphs: engine.fullGraphs,
    draftPassLaunchS: engine.draftPassLaunchS,
    draftsInOneGraph: engine.draftsInOneGraph,
    draftSequenceS: engine.draftSequenceS,
    stepOverhead: alike(engine.stepOverhead),
    speculationOverhead: alike(engine.speculationOverhead),
    treeOverhead: alike(engine.treeOverhead),
    raggedGraphs: engine.raggedGraphs,
    raggedOverhead: alike(engine.raggedOverhead),
    lengthSwitchS: engine.lengthSwitchS,
    search: alike(engine.search),
    drafterSwitch: alike(engine.drafterSwitch),
    plainSampling: alike(engine.plainSampling),
    rejectionSampling: alike(engine.rejectionSampling),
    asyncScheduling: engine.asyncScheduling,
    asyncSpeculation: engine.asyncSpeculation,
    graphSizes: engine.graphSizes,
    graphSizesBy: engine.graphSizesBy,
    allReduceSwitch: { fromBytes, extraS },
    maxBatchedTokens: engine.maxBatchedTokens,
  };
}

function alike({ fixedS, eachS }: FixedAndEach): FixedAndEach {
  return { fixedS, eachS };
}
