/** As much of PouchDB 9 as db.js uses. */
export interface Doc {
  _id: string;
  _rev?: string;
  _deleted?: boolean;
  _conflicts?: string[];
  _attachments?: Record<string, { content_type: string; data?: Blob | string; length?: number; digest?: string; stub?: boolean }>;
  [name: string]: any;
}
export interface Row { id: string; doc?: Doc; value: { rev: string; deleted?: boolean }; error?: string }
export interface Failure extends Error { status?: number; id?: string; reason?: string; error?: string | boolean }
export interface Written { ok?: boolean; id: string; rev?: string; error?: string | boolean; name?: string; status?: number; reason?: string; message?: string }
export interface Progress { docs: Doc[]; docs_written: number; pending?: number }
export interface Handle extends Promise<unknown> {
  on(event: 'change', listener: (progress: Progress) => void): this;
  on(event: 'denied', listener: (failure: Failure) => void): this;
  on(event: 'error', listener: (failure: Failure) => void): this;
  on(event: 'complete' | 'active' | 'paused', listener: (failure?: Failure) => void): this;
  cancel(): void;
}
export interface Feed { on(event: string, listener: (change: { id: string; doc?: Doc; deleted?: boolean }) => void): this; cancel(): void }
export interface ReplicateOptions { live?: boolean; retry?: false; selector?: object; batch_size?: number; batches_limit?: number; since?: unknown }
export default class PouchDB {
  constructor(name: string, options?: object);
  name: string;
  static fetch(url: string | Request, options?: RequestInit): Promise<Response>;
  get(id: string, options?: object): Promise<any>;
  put(doc: Doc): Promise<Written>;
  info(): Promise<{ update_seq: unknown; doc_count: number }>;
  allDocs(options: object): Promise<{ rows: Row[] }>;
  bulkDocs(docs: Doc[] | { docs: Doc[]; new_edits?: boolean }, options?: object): Promise<Written[]>;
  revsDiff(revs: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
  getAttachment(id: string, name: string, options?: { rev?: string }): Promise<Blob>;
  changes(options: object): Feed;
  replicate: { to(target: PouchDB, options: ReplicateOptions): Handle; from(source: PouchDB, options: ReplicateOptions): Handle };
  close(): Promise<void>;
  destroy(): Promise<void>;
}
