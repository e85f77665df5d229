// The frame of a panel's page: nothing is loaded but its own two files, nothing run but what carries the nonce. Pure.

export interface Parts {
  readonly nonce: string;
  readonly language: string;
  readonly title: string;
  /** Addresses as the webview may ask for them. */
  readonly script: string;
  readonly style: string;
}

export function pageHtml({ nonce, language, title, script, style }: Parts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(title)}</title>
<link rel="stylesheet" nonce="${nonce}" href="${attribute(style)}">
</head>
<body>
<main></main>
<script nonce="${nonce}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

/** Text that stays text between tags and in quotation marks. */
function attribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
