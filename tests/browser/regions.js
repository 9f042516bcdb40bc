// The live regions of a document by their keys, each as one line of text: attributes in order, white space
// drawn together, and without what only says how a thing arrived or was left by its reader. Of a long list its end:
// how far back it goes depends on when it was opened.
(root) => {
  const passing = new Set(["arrives", "unseen", "cursor"]); // classes of a moment
  const lent = ({ name }, node) => node.dataset.number ? name === "aria-label" : name === "tabindex" && node.matches("[data-number] a, .older"); // for the keys
  const END = 20; // items
  const shown = (node) => {
    const items = node.dataset.cursor ? [...node.children].filter((one) => one.dataset.number) : [];
    const nodes = [...node.childNodes];
    return items.length > END ? nodes.slice(nodes.indexOf(items.at(-END))) : nodes;
  };
  const line = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent.replace(/\s+/g, " ");
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const attributes = [...node.attributes]
      .filter((one) => !(one.name === "open" && node.matches("details")) && !lent(one, node))
      .map(({ name, value }) => [name, name === "class" ? [...node.classList].filter((one) => !passing.has(one)).join(" ") : value])
      .filter(([name, value]) => value || name !== "class")
      .map(([name, value]) => ` ${name}="${value}"`)
      .sort();
    return `<${node.localName}${attributes.join("")}>${shown(node).map(line).join("")}</${node.localName}>`;
  };
  const regions = [...root.querySelectorAll("[data-region]:not([data-passing])")];
  return Object.fromEntries(regions.map((region) => [region.dataset.region, line(region).replace(/ ?(<[^>]*>) ?/g, "$1")]));
}
