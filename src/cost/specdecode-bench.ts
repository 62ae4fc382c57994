/**
 * The linear cost model of the study's authors (SpecDecode-Bench/simulator, predictor.py at 2fdccbd), kept
 * for comparison: Llama-3.1-8B in bf16 on one H100, fitted to vLLM steps at batch 1 to 64. An EAGLE head
 * costs the same whatever it drafts, and whoever may use look-up is charged look-up alone.
 */
import type { CostModel, PartSeconds, PassWork, StepWork } from './work.ts';

/** Seconds; source: predictor.py, class Llama8BH100. */
const TARGET = { perContextTokenS: 3.92645679e-8, perTokenS: 2.10103129e-5, fixedS: 0.00588590713 };
const EAGLE = { perContextTokenS: 2.37768493e-9, perQueryTokenS: 8.41429603e-7, fixedS: 0.00213526175 };
const LOOK_UP_SHARE_OF_VERIFY = 0.005875;
const STEP_OVERHEAD_S = 0.00120683946;

/**
 * How often look-up proposes where it then emits one token, by data set; source: predictor.py. The authors
 * have no record of proposals and draw them with these chances.
 */
export const PROPOSAL_CHANCE: Readonly<Record<string, number>> = {
  sharegpt: 0.2,
  cnn: 0.4,
  gsm8k: 0.2,
  instructcoder: 0.8,
};

export class SpecDecodeBench implements CostModel {
  readonly name = 'specdecode-bench';

  priceStep(work: StepWork, cost: PartSeconds): void {
    const { verify, prefill, drafted } = work;
    const passS = (tokens: number): number =>
      TARGET.perContextTokenS * verify.contextTokens + TARGET.perTokenS * tokens + TARGET.fixedS;
    cost.verifyS = passS(verify.tokens);
    cost.draftS = 0;
    if (work.searches > 0) {
      // Copies differ only in whether they propose; the authors average the latency over copies. Where
      // look-up has no hit, what is verified came from its rival, and is charged as look-up all the same.
      if (drafted > 0) {
        const share = work.searchHits > 0 ? work.searchHits / verify.sequences : 1;
        cost.draftS = LOOK_UP_SHARE_OF_VERIFY * share * passS(verify.sequences + drafted / share);
      }
    } else {
      for (const draft of work.drafts) {
        cost.draftS +=
          EAGLE.perContextTokenS * verify.contextTokens +
          EAGLE.perQueryTokenS * (draft.longest + 1) +
          EAGLE.fixedS;
      }
    }
    cost.samplingS = 0;
    cost.overheadS = STEP_OVERHEAD_S;
    cost.prefillS = TARGET.perTokenS * prefill.tokens;
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    cost.prefillS = TARGET.perTokenS * prompts.tokens + TARGET.fixedS;
    cost.overheadS = STEP_OVERHEAD_S;
    cost.draftS = 0;
    cost.verifyS = 0;
    cost.samplingS = 0;
  }
}
