import { caughtFault, type Fault, FaultAt } from './fault';

const NAME = '[A-Za-z_:\\u00b7-\\uffff][A-Za-z0-9_:.\\u00b7-\\uffff-]*';
const TAG = new RegExp(`<(/?)(${NAME})`, 'y');
const ATTRIBUTE = new RegExp(`\\s+(${NAME})\\s*=\\s*("[^"<]*"|'[^'<]*')`, 'y');
const TAG_END = /\s*(\/?)>/y;
const REFERENCE = new RegExp(`&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)`, 'g');
const FORBIDDEN = new RegExp('[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]');

/**
 * The first fault in the well-formedness of an XML text (XML 1.0). A document type that declares things of its own is
 * refused: configuration needs no entities, and their expansion is a well-known attack on readers.
 */
export function xmlFault(text: string): Fault | undefined {
  return caughtFault(text, () => new XmlScan(text).run());
}

class XmlScan {
  private at: number;
  private readonly open: { readonly name: string; readonly offset: number }[] = [];
  private rootSeen = false;

  constructor(private readonly text: string) {
    this.at = text.startsWith('\ufeff') ? 1 : 0;
  }

  run(): void {
    const { text } = this;
    const forbidden = text.search(FORBIDDEN);
    if (forbidden >= 0) throw new FaultAt(forbidden, 'this character is not allowed');
    const start = this.at;
    while (this.at < text.length) {
      const next = text.indexOf('<', this.at);
      this.characters(next < 0 ? text.length : next);
      if (next < 0) break;
      this.markup(start);
    }
    const unclosed = this.open.at(-1);
    if (unclosed) throw new FaultAt(unclosed.offset, `<${unclosed.name}> is not closed`);
    if (!this.rootSeen) throw new FaultAt(text.length, 'there is no root element');
  }

  private characters(end: number): void {
    const piece = this.text.slice(this.at, end);
    if (this.open.length === 0) {
      const stray = piece.search(/\S/);
      if (stray >= 0) throw new FaultAt(this.at + stray, 'text outside of the root element');
    }
    const cdataEnd = piece.indexOf(']]>');
    if (cdataEnd >= 0) throw new FaultAt(this.at + cdataEnd, ']]> is not allowed here');
    refuseReferences(piece, this.at);
    this.at = end;
  }

  private markup(start: number): void {
    const { text, at } = this;
    if (text.startsWith('<!--', at)) this.comment();
    else if (text.startsWith('<![CDATA[', at)) this.cdata();
    else if (text.startsWith('<!DOCTYPE', at)) this.documentType();
    else if (text.startsWith('<?', at)) this.instruction(start);
    else this.tag();
  }

  private comment(): void {
    const end = this.text.indexOf('--', this.at + 4);
    if (end < 0) throw new FaultAt(this.at, 'the comment is not closed');
    if (this.text[end + 2] !== '>') throw new FaultAt(end, '-- is not allowed in a comment');
    this.at = end + 3;
  }

  private cdata(): void {
    if (this.open.length === 0) throw new FaultAt(this.at, 'text outside of the root element');
    this.at = this.endOf(']]>', 'the CDATA section is not closed');
  }

  private documentType(): void {
    if (this.rootSeen) throw new FaultAt(this.at, 'the document type stands before the root element');
    const end = this.endOf('>', 'the document type is not closed');
    const subset = this.text.slice(this.at, end).indexOf('[');
    if (subset >= 0) throw new FaultAt(this.at + subset, 'declarations in the document are not allowed');
    this.at = end;
  }

  private instruction(start: number): void {
    const isDeclaration = /^<\?xml[\s?]/i.test(this.text.slice(this.at, this.at + 6));
    if (isDeclaration && this.at !== start) throw new FaultAt(this.at, 'the XML declaration stands at the very beginning');
    if (!new RegExp(`^${NAME}`).test(this.text.slice(this.at + 2, this.at + 258))) throw new FaultAt(this.at, 'the instruction has no name');
    this.at = this.endOf('?>', 'the instruction is not closed');
  }

  private tag(): void {
    const offset = this.at;
    const tag = this.match(TAG);
    if (!tag) throw new FaultAt(offset, 'a tag name is due; a plain < is written &lt;');
    const [, closing, name = ''] = tag;
    if (closing) this.closingTag(name, offset);
    else this.openingTag(name, offset);
  }

  private closingTag(name: string, offset: number): void {
    const opened = this.open.pop();
    if (opened?.name !== name) throw new FaultAt(offset, opened ? `</${name}> closes <${opened.name}>` : `</${name}> closes nothing`);
    if (this.match(TAG_END)?.[1] !== '') throw new FaultAt(this.at, '> is due');
  }

  private openingTag(name: string, offset: number): void {
    if (this.open.length === 0 && this.rootSeen) throw new FaultAt(offset, 'there is only one root element');
    this.rootSeen = true;
    const seen = new Set<string>();
    for (;;) {
      const attributeAt = this.at;
      const attribute = this.match(ATTRIBUTE);
      if (!attribute) break;
      const [whole, attributeName = '', value = ''] = attribute;
      if (seen.has(attributeName)) throw new FaultAt(attributeAt + whole.indexOf(attributeName), `the attribute ${attributeName} is there twice`);
      seen.add(attributeName);
      refuseReferences(value, this.at - value.length);
    }
    const end = this.match(TAG_END);
    if (!end) throw new FaultAt(this.at, 'an attribute with a quoted value, > or /> is due');
    if (end[1] === '') this.open.push({ name, offset });
  }

  private endOf(closing: string, message: string): number {
    const end = this.text.indexOf(closing, this.at);
    if (end < 0) throw new FaultAt(this.at, message);
    return end + closing.length;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match;
  }
}

function refuseReferences(piece: string, offset: number): void {
  const broken = piece.search(REFERENCE);
  if (broken >= 0) throw new FaultAt(offset + broken, 'no such entity; a plain & is written &amp;');
}
