/** SGLang's log of decode batches, a line an interval. The accept length is a batch mean and counts the bonus token. */
import { UserError } from '../../errors.ts';
import { NO_RATES } from './fields.ts';
import { logRates, numberIn } from './rates-format.ts';

export const sglangLog = logRates({
  name: 'sglang-log',
  title: 'SGLang log',
  source: 'SGLang log',
  recognises: (line) => line.includes('Decode batch') && line.includes('accept len:'),
  read(line, at, label) {
    const meanLength = numberIn(line, /accept len: ([^,]*)/, 'accept len', at);
    if (meanLength < 1)
      throw new UserError(`${at}: accept len is ${meanLength}, expected at least 1, the bonus token`);
    const running = numberIn(line, /#running-req: ([^,]*)/, '#running-req', at);
    return { ...NO_RATES, label: `interval ${label}, ${running} running`, meanLength };
  },
});
