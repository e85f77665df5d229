// Questions in a row: each step is one QuickInput with its number and a back button; answers are checked while typed.
import {
  type Disposable,
  type InputBox,
  QuickInputButtons,
  type QuickPick,
  type QuickPickItem,
  QuickPickItemKind,
  ThemeIcon,
  window,
} from 'vscode';

/** Thrown when the person turns away: commands end without a word. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Thrown by a step whose back button was pressed. */
class Back extends Error {
  override readonly name = 'Back';
}

export interface Position {
  readonly title: string;
  /** From 1. */
  readonly step: number;
  readonly total: number;
  /** In the last step of what has an equivalent command: a button that takes the answer and copies instead of acting. */
  readonly copying?: Copying;
}

interface Copying {
  readonly title: string;
  /** Said by the question once the button was pressed with an answer that is none too wrong. */
  wanted: boolean;
}

export type Step = (position: Position) => Promise<void>;

/** What the button *Copy as command* of a last step does. */
export interface CopyOffer {
  readonly title: string;
  /** The answers stand in the steps' variables, as they would for the action. */
  readonly copy: () => Promise<void>;
}

/**
 * Runs the steps; rejects with Cancelled. Steps keep their answers in variables around them, as defaults when they come again:
 * as the last one does after copying, so that one may go on or turn away.
 */
export async function wizard(title: string, steps: readonly Step[], offer?: CopyOffer): Promise<void> {
  for (let index = 0; index < steps.length; ) {
    const copying = offer && index === steps.length - 1 ? { title: offer.title, wanted: false } : undefined;
    try {
      await steps[index]?.({ title, step: index + 1, total: steps.length, ...(copying && { copying }) });
      if (copying?.wanted) await offer?.copy();
      else index += 1;
    } catch (error) {
      if (!(error instanceof Back)) throw error;
      index -= 1;
    }
  }
}

/** A question that stands alone. */
export function alone(title: string): Position {
  return { title, step: 1, total: 1 };
}

export interface TextQuestion {
  readonly prompt: string;
  readonly value?: string;
  readonly placeholder?: string;
  /** The sentence that says what is wrong, or undefined. */
  readonly check: (text: string) => string | undefined;
}

export function askText(position: Position, question: TextQuestion): Promise<string> {
  const input = window.createInputBox();
  input.prompt = question.prompt;
  input.value = question.value ?? '';
  input.valueSelection = [0, input.value.length];
  if (question.placeholder !== undefined) input.placeholder = question.placeholder;
  return asked(input, position, (answer) => {
    const check = () => {
      const wrong = question.check(input.value.trim());
      input.validationMessage = wrong ?? '';
      return wrong === undefined;
    };
    // An empty box is not yet wrong: the sentence comes with the first character, or on accepting.
    const typed = input.onDidChangeValue((text) => {
      if (text.trim() === '') input.validationMessage = '';
      else check();
    });
    const accept = () => {
      if (check()) answer(input.value.trim());
    };
    return { accept, listeners: [typed] };
  });
}

export interface Choice<T> extends QuickPickItem {
  readonly value: T;
}

export interface PickQuestion<T> {
  readonly prompt: string;
  readonly choices: readonly Choice<T>[];
  /** The choice that is active at first. */
  readonly active?: (value: T) => boolean;
  /** Lines to read below the choices: a row would cut them. */
  readonly note?: { readonly title: string; readonly lines: readonly string[] };
}

export function askPick<T>(position: Position, question: PickQuestion<T>): Promise<T> {
  const input = window.createQuickPick<Choice<T> | QuickPickItem>();
  const { prompt, choices, active, note } = question;
  input.placeholder = prompt;
  const noted = note && [
    { label: note.title, kind: QuickPickItemKind.Separator },
    ...note.lines.map((label) => ({ label })),
  ];
  input.items = [...choices, ...(noted ?? [])];
  input.matchOnDescription = true;
  input.matchOnDetail = true;
  const first = active && choices.find(({ value }) => active(value));
  if (first) input.activeItems = [first];
  return asked<T>(input, position, (answer) => ({
    accept: () => {
      const chosen = [...input.selectedItems, ...input.activeItems];
      const choice = chosen.find((item): item is Choice<T> => 'value' in item);
      if (choice) answer(choice.value);
    },
  }));
}

/** Any number of the choices, none included. */
export function askMany<T>(
  position: Position,
  question: PickQuestion<T> & { readonly picked: (value: T) => boolean },
): Promise<T[]> {
  const input = window.createQuickPick<Choice<T>>();
  input.canSelectMany = true;
  input.placeholder = question.prompt;
  input.items = question.choices;
  input.matchOnDescription = true;
  input.selectedItems = question.choices.filter(({ value }) => question.picked(value));
  return asked<T[]>(input, position, (answer) => ({
    accept: () => answer(input.selectedItems.map(({ value }) => value)),
  }));
}

interface Question {
  /** Gives the answer, if it is none too wrong: for Enter, a click, or the button that copies. */
  readonly accept: () => void;
  readonly listeners?: readonly Disposable[];
}

function asked<T>(
  input: InputBox | QuickPick<QuickPickItem>,
  { title, step, total, copying }: Position,
  ask: (answer: (value: T) => void) => Question,
): Promise<T> {
  input.title = title;
  if (total > 1) {
    input.step = step;
    input.totalSteps = total;
  }
  input.ignoreFocusOut = true;
  if (copying) copying.wanted = false;
  const copy = copying && { iconPath: new ThemeIcon('copy'), tooltip: copying.title };
  input.buttons = [...(step > 1 ? [QuickInputButtons.Back] : []), ...(copy ? [copy] : [])];
  return new Promise<T>((resolve, reject) => {
    let done = false;
    const end = (settle: () => void) => {
      if (done) return;
      done = true;
      for (const listener of listeners) listener.dispose();
      input.dispose();
      settle();
    };
    const { accept, listeners: own = [] } = ask((value) => end(() => resolve(value)));
    const listeners = [
      ...own,
      input.onDidAccept(accept),
      input.onDidTriggerButton((button) => {
        if (button === QuickInputButtons.Back) return end(() => reject(new Back()));
        if (button !== copy || !copying) return;
        copying.wanted = true;
        accept();
        copying.wanted = done;
      }),
      input.onDidHide(() => end(() => reject(new Cancelled()))),
    ];
    input.show();
  });
}
