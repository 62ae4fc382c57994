#!/usr/bin/env python3
"""Records a position-indexed acceptance trace of your own target and draft model, for `specsim run --trace`.

    python3 scripts/record_traces.py --target meta-llama/Llama-3.1-8B-Instruct --draft meta-llama/Llama-3.2-1B-Instruct \\
        --prompts prompts.jsonl --chat --max-new-tokens 512 --out mine.jsonl.gz
    npx specsim trace inspect mine.jsonl.gz
    npx specsim run --trace mine.jsonl.gz --method none,draft-model,ngram --draft llama-3.2-1b

Needs PyTorch and Hugging Face transformers, and a GPU unless the models are small. `prompts.jsonl` has one request a
line, `{"prompt": "..."}`, and optionally an `id`. Where an engine has logged token ids, `--tokens FILE` takes lines of
`{"prompt_token_ids": [...], "output_token_ids": [...]}` instead, and the target is not run.

The target decodes greedily. What is recorded, for every output position p: how many tokens a round that starts there
emits when the draft model greedily drafts k tokens, the correction or bonus token included. As long as its drafts are
accepted, the draft model reads the very tokens of the output, so one pass of it over prompt and output tells its draft
at every position: a round accepts as many as agree in a row. Both models must share one tokenizer. Drafts beyond the end
of the output count as not accepted. For trees the same pass tells which of the draft model's choices each token of the
target is, of the `--ranks` likeliest: along a tree's right branch the draft model reads the output, too. And it tells what the draft
model's own probability of each draft is, its confidence (`--no-confidence` leaves it out): of the drafts up to the first wrong one
exactly; behind it the draft model would read its own wrong draft, and what it says of the output stands there. Where the target
is at hand, with `--prompts`, one pass of it tells what it thinks of each draft (scores), for other rules of acceptance. Left out: sampling
at a temperature, and heads that read the target's hidden states (EAGLE, MTP), whose drafts depend on where the round began.

Outputs that reach `--max-new-tokens` are cut off: `specsim run` leaves them out, with a count, unless told to keep them.

`--selftest` checks the counting and the file without PyTorch, and, where PyTorch is installed, records tiny models with
random weights and checks the file against drafting token by token. With `--out` it writes made-up requests.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile

# Lengths have to fit a byte.
MAX_K = 254
MAX_RANK = 255


class Mistake(Exception):
    """Something the user can put right: one line and exit status 2."""


def emitted_lengths(agrees, k):
    """Tokens emitted by a round at every output position: 1 + the drafts that agree in a row, at most k.

    agrees[p] is whether the draft model, shown prompt and output[:p], predicts output[p]. The first token is the
    prefill's: always 1.
    """
    lengths = [1] * len(agrees)
    run = 0
    for position in range(len(agrees) - 1, 0, -1):
        run = run + 1 if agrees[position] else 0
        lengths[position] = 1 + min(run, k)
    return lengths


def rank_lists(ranks, k):
    """Which choice the output is along the depth of a tree, for every position in turn: docs/formats.md, `ranks`.

    ranks[p] is which of the draft model's choices for output[p] that token is, 1 the likeliest, 0 none. A list ends after
    k ranks, or with 0: where the token is none of the choices, and where the output ends. The prefill's token has no draft.
    """
    lists = [0] if ranks else []
    for position in range(1, len(ranks)):
        behind = ranks[position : position + k]
        if 0 in behind:
            behind = behind[: behind.index(0) + 1]
        elif len(behind) < k:
            behind = [*behind, 0]
        lists += behind
    return lists


def confidence_lists(chances, k):
    """The drafter's chance of each of k drafts, in 255ths, for every position in turn: docs/formats.md, `confidence`.

    chances[p] is the probability of its first choice for output[p]. The prefill's token has no draft, nor has what lies
    behind the end of the output.
    """
    whole = [min(255, max(0, round(255 * chance))) for chance in chances]
    lists = [0] * k if whole else []
    for position in range(1, len(whole)):
        behind = whole[position : position + k]
        lists += behind + [0] * (k - len(behind))
    return lists


def score_list(scores):
    """What the target thinks of the draft for each token of the output: docs/formats.md, `scores`.

    A score is the probability of the draft, that of the target's likeliest token, which of its choices the draft is (1 the
    likeliest), and the entropy of its distribution in nats. The prefill's token has no draft.
    """
    numbers = [0, 0, 0, 0] if scores else []
    for draft, likeliest, rank, entropy in scores[1:]:
        probabilities = [min(255, max(0, round(255 * chance))) for chance in (draft, likeliest)]
        numbers += [*probabilities, rank if rank <= 255 else 0, min(255, round(32 * entropy))]
    return numbers


def head(name, k, most, target, draft, licence=None, limit=None, confidence=False, scores=False):
    """The first line of a specsim trace (docs/formats.md).

    `most` is how many choices ranks tell apart, 0 where there are none; `limit` is where outputs were cut off.
    """
    drafter = {"name": "draft-model", "kind": "recording", "maxK": k, "proposed": "always"}
    if confidence:
        drafter["confidence"] = k
    if scores:
        drafter["scores"] = True
    return {
        "specsim_trace": 1,
        "kind": "position-indexed",
        "name": name,
        "provenance": {
            "source": "record_traces.py, greedy",
            "target": target,
            "dataset": name,
            "engine": "transformers",
            "licence": licence,
            "draft": draft,
        },
        "conventions": {"bonusCounted": True},
        "outputLimit": limit,
        "tokenIds": True,
        "drafters": [{**drafter, "ranks": most} if most else drafter],
    }


def rows(request, prompt, output, ranks, k, most, chances=None, scores=None):
    """The two lines of a request: what it is, and what the draft model does in it."""
    emitted = emitted_lengths([rank == 1 for rank in ranks], k)
    yield {
        "request": request,
        "drafter": "none",
        "prompt_tokens": len(prompt),
        "output_tokens": len(output),
        "prompt_token_ids": prompt,
        "output_token_ids": output,
    }
    lengths = {"request": request, "drafter": "draft-model", "output_tokens": len(output), "emitted": emitted}
    if most:
        lengths["ranks"] = rank_lists(ranks, k)
    if chances is not None:
        lengths["confidence"] = confidence_lists(chances, k)
    if scores is not None:
        lengths["scores"] = score_list(scores)
    yield lengths


def write_whole(path, objects):
    """Writes beside the file and renames, so that nobody sees half of it."""
    partial = f"{path}.partial-{os.getpid()}"
    opened = gzip.open if path.endswith(".gz") else open
    try:
        with opened(partial, "wt", encoding="utf-8") as file:
            for item in objects:
                file.write(json.dumps(item, separators=(",", ":")) + "\n")
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def ids_of(item, field, at):
    value = item.get(field)
    if isinstance(value, list) and all(isinstance(i, int) and not isinstance(i, bool) and i >= 0 for i in value):
        return value
    raise Mistake(f"{at}: {field} is {json.dumps(value)[:60]}, expected a list of integers of at least 0")


def read_requests(path, fields):
    """(request, line as an object) of every line that is not blank; `fields` have to be there."""
    opened = gzip.open if path.endswith(".gz") else open
    seen = set()
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                at = f"{path}, line {number}"
                if not line.strip():
                    continue
                try:
                    item = json.loads(line)
                except ValueError:
                    raise Mistake(f"{at}: not valid json, starts with {json.dumps(line[:20])}") from None
                if not isinstance(item, dict):
                    raise Mistake(f"{at}: expected a json object, got {line[:20].strip()}")
                for field in fields:
                    if field not in item:
                        raise Mistake(f"{at}: field {field} is missing")
                request = str(item.get("id", number))
                if request in seen:
                    raise Mistake(f"{at}: id {json.dumps(request)} was there already")
                seen.add(request)
                yield request, item, at
    except UnicodeDecodeError:
        raise Mistake(f"{path}: bytes that are not UTF-8") from None
    except OSError as error:
        raise Mistake(f"{path}: cannot be read ({error.strerror or error})") from None
    if not seen:
        raise Mistake(f"{path}: empty file, expected one json object a line")


def generate(torch, model, prompt, max_new_tokens):
    """The target's greedy output, its end-of-text token included."""
    ids = torch.tensor([prompt], device=model.device)
    with torch.inference_mode():
        whole = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=1, max_new_tokens=max_new_tokens
        )
    return whole[0, len(prompt) :].tolist()


def choices(torch, model, prompt, output, most):
    """Which of the model's `most` likeliest tokens each token of the output is, 0 for none, the probability of its
    likeliest there, and that token: one pass over the whole text.

    Of equals the first is the likelier, as for argmax, so that rank 1 is what it drafts greedily.
    """
    if not output:
        return [], [], []
    ids = torch.tensor([prompt + output], device=model.device)
    tokens = ids[0, len(prompt) :].unsqueeze(-1)
    with torch.inference_mode():
        logits = model(ids).logits[0, len(prompt) - 1 : -1]
        own = logits.gather(-1, tokens)
        before = torch.arange(logits.shape[-1], device=model.device) < tokens
        ranks = 1 + ((logits > own) | ((logits == own) & before)).sum(-1)
        chances = logits.float().softmax(-1).amax(-1)
    return ranks.masked_fill(ranks > most, 0).tolist(), chances.tolist(), logits.argmax(-1).tolist()


def scores_of(torch, model, prompt, output, drafts):
    """What the model thinks of a draft for each token of the output: one pass over the whole text."""
    if not output:
        return []
    ids = torch.tensor([prompt + output], device=model.device)
    tokens = torch.tensor(drafts, device=model.device).unsqueeze(-1)
    with torch.inference_mode():
        logits = model(ids).logits[0, len(prompt) - 1 : -1].float()
        chances = logits.softmax(-1)
        own = chances.gather(-1, tokens).squeeze(-1)
        drafted = logits.gather(-1, tokens)
        before = torch.arange(logits.shape[-1], device=model.device) < tokens
        ranks = 1 + ((logits > drafted) | ((logits == drafted) & before)).sum(-1)
        entropies = -(chances * chances.clamp_min(1e-30).log()).sum(-1)
    return list(zip(own.tolist(), chances.amax(-1).tolist(), ranks.tolist(), entropies.tolist()))


class HuggingFace:
    """Models and tokenizers by their names or folders."""

    def __init__(self, dtype, device):
        try:
            import torch
            import transformers
        except ImportError as error:
            raise Mistake(f"needs PyTorch and transformers ({error}); --selftest runs without them") from None
        self.torch = torch
        self.transformers = transformers
        self.dtype = getattr(torch, dtype)
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")

    def model(self, name):
        return self.load(self.transformers.AutoModelForCausalLM, name, torch_dtype=self.dtype).to(self.device).eval()

    def tokenizer(self, name):
        return self.load(self.transformers.AutoTokenizer, name)

    def load(self, kind, name, **options):
        try:
            return kind.from_pretrained(name, **options)
        except (OSError, ValueError) as error:
            raise Mistake(f"{name}: cannot be loaded ({str(error).strip().splitlines()[0]})") from None


def record(args, hub):
    """Writes the trace. `hub` has torch, and gives the models and tokenizers that are named."""
    torch = hub.torch
    draft = hub.model(args.draft)
    target = tokenizer = None
    if args.prompts:
        target = hub.model(args.target)
        tokenizer = hub.tokenizer(args.target)
        if tokenizer.get_vocab() != hub.tokenizer(args.draft).get_vocab():
            raise Mistake(f"{args.draft} has another vocabulary than {args.target}, expected the same")

    def texts():
        if args.tokens:
            for request, item, at in read_requests(args.tokens, ["prompt_token_ids", "output_token_ids"]):
                yield request, ids_of(item, "prompt_token_ids", at), ids_of(item, "output_token_ids", at), at
            return
        for request, item, at in read_requests(args.prompts, ["prompt"]):
            if not isinstance(item["prompt"], str):
                raise Mistake(f"{at}: prompt is {json.dumps(item['prompt'])[:60]}, expected a text")
            if args.chat:
                chat = tokenizer.apply_chat_template(
                    [{"role": "user", "content": item["prompt"]}], add_generation_prompt=True, tokenize=False
                )
                prompt = tokenizer(chat, add_special_tokens=False)["input_ids"]
            else:
                prompt = tokenizer(item["prompt"])["input_ids"]
            yield request, prompt, generate(torch, target, prompt, args.max_new_tokens) if prompt else [], at

    def lines():
        name = os.path.basename(args.tokens or args.prompts).split(".")[0]
        limit = args.max_new_tokens if args.prompts else None
        target_name = args.name or args.target or "unknown"
        yield head(
            name, args.k, args.ranks, target_name, args.draft, args.licence, limit, args.confidence, target is not None
        )
        for request, prompt, output, at in texts():
            if not prompt:
                raise Mistake(f"{at}: the prompt has no tokens, expected one or more")
            ranks, chances, drafts = choices(torch, draft, prompt, output, max(args.ranks, 1))
            scores = None if target is None else scores_of(torch, target, prompt, output, drafts)
            print(f"{request}: {len(prompt)} + {len(output)} tokens", file=sys.stderr)
            stated = chances if args.confidence else None
            yield from rows(request, prompt, output, ranks, args.k, args.ranks, stated, scores)

    write_whole(args.out, lines())
    print(f"wrote {args.out}; next: specsim trace inspect {args.out}")


def drafted_one_by_one(predict, prompt, output, k):
    """The same lengths by definition: draft k tokens from every position, count those that agree."""
    lengths = [1]
    for position in range(1, len(output)):
        known = prompt + output[:position]
        drafts = []
        for _ in range(k):
            drafts.append(predict(known + drafts))
        accepted = 0
        while accepted < k and position + accepted < len(output) and drafts[accepted] == output[position + accepted]:
            accepted += 1
        lengths.append(1 + accepted)
    return lengths


def walked_one_by_one(likeliest, prompt, output, k):
    """The same ranks by definition: from every position, down a tree that has every choice, one token at a time."""
    lists = [0]
    for position in range(1, len(output)):
        for depth in range(k):
            at = position + depth
            choices_there = likeliest(prompt + output[:at])
            rank = choices_there.index(output[at]) + 1 if at < len(output) and output[at] in choices_there else 0
            lists.append(rank)
            if rank == 0:
                break
    return lists


def selftest(out):
    # Models that are arithmetic: the draft's first choice errs where the last token is a multiple of 5, and its second
    # choice is right then, unless the text is as long as a multiple of 3.
    def target(text):
        return (7 * text[-1] + len(text)) % 31

    def likeliest(text):
        right = target(text)
        return [right, 40] if text[-1] % 5 else [41, 42 if len(text) % 3 == 0 else right]

    def draft(text):
        return likeliest(text)[0]

    assert emitted_lengths([False, True, True, False, True], 20) == [1, 3, 2, 1, 2]
    assert emitted_lengths([True] * 5, 2) == [1, 3, 3, 3, 2]
    assert emitted_lengths([], 3) == []
    assert rank_lists([1, 2, 1, 0, 1], 3) == [0, 2, 1, 0, 1, 0, 0, 1, 0]
    assert rank_lists([0, 1, 2, 1], 2) == [0, 1, 2, 2, 1, 1, 0]
    assert rank_lists([], 3) == []
    assert confidence_lists([0.2, 1, 0.5, 0.01], 2) == [0, 0, 255, 128, 128, 3, 3, 0]
    assert confidence_lists([], 3) == []
    assert score_list([(0.5, 0.5, 1, 1), (0.2, 0.6, 300, 2.5)]) == [0, 0, 0, 0, 51, 153, 0, 80]
    assert score_list([]) == []
    made_up = []
    for r in range(3):
        prompt = [r + 1, r + 2]
        output = []
        for _ in range(40 + r):
            output.append(target(prompt + output))
        offered = [likeliest(prompt + output[:p]) for p in range(len(output))]
        ranks = [two.index(token) + 1 if token in two else 0 for two, token in zip(offered, output)]
        scores = [(0.9, 0.9, 1, 0.5) if rank == 1 else (0.3, 0.4, 2, 1.5) for rank in ranks]
        chances = [draft_chance for draft_chance, *_ in scores]
        made = list(rows(f"r{r}", prompt, output, ranks, 4, 2, chances, scores))
        assert made[1]["emitted"] == drafted_one_by_one(draft, prompt, output, 4)
        assert made[1]["ranks"] == walked_one_by_one(likeliest, prompt, output, 4)
        assert {0, 1, 2} == set(made[1]["ranks"])
        made_up += made
    if out:
        write_whole(out, [head("selftest", 4, 2, "made-up", "made-up", confidence=True, scores=True), *made_up])
    print(f"selftest passed{selftest_models()}")


class TinyModels:
    """Two small transformers with random weights, and a tokenizer of letters, with the interface of HuggingFace."""

    LETTERS = "abcdefghijklmnop "
    END = 0

    def __init__(self, torch):
        self.torch = torch
        torch.manual_seed(0)
        self.models = {"target": self.make(), "draft": self.make()}
        # A draft that is nearly the target, so that some of its tokens are accepted.
        with torch.no_grad():
            for theirs, own in zip(self.models["target"].parameters(), self.models["draft"].parameters()):
                own.copy_(theirs + 0.1 * own)

    def model(self, name):
        return self.models[name]

    def tokenizer(self, _name):
        return self

    def get_vocab(self):
        return {letter: i + 1 for i, letter in enumerate(self.LETTERS)}

    def __call__(self, text, **_options):
        return {"input_ids": [self.get_vocab()[letter] for letter in text]}

    def apply_chat_template(self, messages, **_options):
        return "a " + messages[0]["content"]

    def make(self):
        torch, width, words, end = self.torch, 32, len(self.LETTERS) + 1, self.END

        class Tiny(torch.nn.Module):
            device = "cpu"

            def __init__(self):
                super().__init__()
                self.words = torch.nn.Embedding(words, width)
                self.positions = torch.nn.Embedding(256, width)
                layer = torch.nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
                self.layers = torch.nn.TransformerEncoder(layer, 2)
                self.out = torch.nn.Linear(width, words)

            def forward(self, ids):
                length = ids.shape[1]
                hidden = self.words(ids) + self.positions(torch.arange(length))
                later = torch.triu(torch.full((length, length), float("-inf")), 1)
                return argparse.Namespace(logits=3 * self.out(self.layers(hidden, mask=later)))

            def generate(self, ids, max_new_tokens, **_options):
                for _ in range(max_new_tokens):
                    token = self(ids).logits[:, -1].argmax(-1, keepdim=True)
                    ids = torch.cat([ids, token], 1)
                    if token.item() == end:
                        break
                return ids

        return Tiny().eval()


def selftest_models():
    """Where PyTorch is at hand, records tiny models, and checks the file against drafting token by token."""
    try:
        import torch
    except ImportError:
        return " (without PyTorch)"
    hub = TinyModels(torch)
    draft = hub.model("draft")

    def likeliest(text):
        with torch.inference_mode():
            return draft(torch.tensor([text])).logits[0, -1].sort(descending=True, stable=True).indices[:3].tolist()

    def predict(text):
        return likeliest(text)[0]

    def read(path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    with tempfile.TemporaryDirectory() as folder:
        prompts, tokens, out = (os.path.join(folder, name) for name in ("tiny.jsonl", "log.jsonl", "out.jsonl"))
        write_whole(prompts, [{"id": f"p{i}", "prompt": text} for i, text in enumerate(("a bead", "deaf", "dig a hole"))])
        asked = ["--draft", "draft", "--k", "4", "--ranks", "3", "--out", out]
        record(arguments(["--target", "target", "--prompts", prompts, "--chat", "--max-new-tokens", "24", *asked]), hub)
        first, *made = read(out)
        assert first["outputLimit"] == 24 and first["drafters"][0]["maxK"] == 4
        texts = made[::2]
        for text, lengths in zip(texts, made[1::2]):
            prompt, output = text["prompt_token_ids"], text["output_token_ids"]
            assert prompt[:2] == hub("a ")["input_ids"] and len(output) <= 24
            assert output == hub.model("target").generate(torch.tensor([prompt]), 24)[0, len(prompt) :].tolist()
            assert lengths["emitted"] == drafted_one_by_one(predict, prompt, output, 4), lengths
            assert lengths["ranks"] == walked_one_by_one(likeliest, prompt, output, 4), lengths
        # The target's own choice is the output, so that drafts that are right are its first.
        for text, lengths in zip(texts, made[1::2]):
            firsts = [rank == 1 for rank in lengths.pop("scores")[2::4]][1:]
            assert firsts == [length > 1 for length in lengths["emitted"][1:]], lengths
        assert first["drafters"][0].pop("scores")
        accepted = [length - 1 for lengths in made[1::2] for length in lengths["emitted"][1:]]
        assert 0 in accepted and max(accepted) > 1, accepted
        # What an engine has logged gives the same, without the target.
        write_whole(tokens, [{"id": text["request"], **text} for text in texts])
        record(arguments(["--tokens", tokens, *asked]), hub)
        again, *rest = read(out)
        assert rest == made and again["outputLimit"] is None
        # Without ranks the rest is the same.
        record(arguments(["--tokens", tokens, *asked, "--ranks", "0"]), hub)
        plain, *rest = read(out)
        assert "ranks" not in plain["drafters"][0]
        assert rest == [{field: row[field] for field in row if field != "ranks"} for row in made]
    return ", models included"


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", help="Hugging Face name or folder of the target model")
    parser.add_argument("--draft", help="the same of the draft model")
    parser.add_argument("--prompts", help="JSONL with a prompt a line")
    parser.add_argument("--tokens", help="JSONL with prompt_token_ids and output_token_ids a line")
    parser.add_argument("--name", help="target as specsim names it, such as llama-3.1-8b")
    parser.add_argument("--licence", help="licence of the trace, such as Apache-2.0")
    parser.add_argument("--chat", action="store_true", help="put prompts into the target's chat template")
    parser.add_argument("--k", type=int, default=20, help="drafted tokens a round (default 20)")
    parser.add_argument(
        "--ranks", type=int, default=8, help="choices of the draft model that are told apart, for trees; 0: none (default 8)"
    )
    parser.add_argument(
        "--no-confidence", dest="confidence", action="store_false", help="leave the draft model's own probabilities out"
    )
    parser.add_argument("--max-new-tokens", type=int, default=512)
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16", "float32"])
    parser.add_argument("--device", help="default: cuda where there is one")
    parser.add_argument("--out", help="file to write: .jsonl or .jsonl.gz")
    parser.add_argument("--selftest", action="store_true")
    args = parser.parse_args(words)
    if args.out and not args.out.endswith((".jsonl", ".jsonl.gz")):
        raise Mistake(f"--out {args.out}: expected a name that ends in .jsonl or .jsonl.gz")
    if args.selftest:
        return args
    if not args.out or not args.draft or bool(args.prompts) == bool(args.tokens):
        raise Mistake("expected --draft, --out and one of --prompts and --tokens")
    if args.prompts and not args.target:
        raise Mistake("--prompts: expected --target, which answers them")
    if not 1 <= args.k <= MAX_K:
        raise Mistake(f"--k: got {args.k}, expected 1 to {MAX_K}")
    if not 0 <= args.ranks <= MAX_RANK:
        raise Mistake(f"--ranks: got {args.ranks}, expected 0 to {MAX_RANK}")
    if args.max_new_tokens < 1:
        raise Mistake(f"--max-new-tokens: got {args.max_new_tokens}, expected at least 1")
    return args


def main():
    args = arguments()
    if args.selftest:
        selftest(args.out)
    else:
        record(args, HuggingFace(args.dtype, args.device))


if __name__ == "__main__":
    try:
        main()
    except Mistake as mistake:
        print(f"record_traces.py: {mistake}", file=sys.stderr)
        sys.exit(2)
