// What the thread of files can be asked: each act by its name, plain data in and out.
import { makeDirectory, remove, rename } from './change';
import { list, read, stat } from './look';
import { abandon, append, begin, commit } from './upload';

export const ACTS = { stat, list, read, makeDirectory, rename, remove, begin, append, commit, abandon } as const;
export type Act = keyof typeof ACTS;
export type Arguments<A extends Act> = Parameters<(typeof ACTS)[A]>;
export type Outcome<A extends Act> = ReturnType<(typeof ACTS)[A]>;
