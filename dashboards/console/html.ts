import htm from 'htm';
import { h, type VNode } from 'preact';

type Template = (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

/**
 * Templates that become Preact elements: values are text, so no label can turn into markup. The package's types
 * describe its CommonJS form; what is imported is the function itself.
 */
export const html: Template = (htm as unknown as { bind(create: typeof h): Template }).bind(h);
