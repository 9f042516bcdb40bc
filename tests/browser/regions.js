// The live regions of a document by their keys, each as one line of text: attributes in order, white space
// drawn together, and without what only says how a thing arrived or was left by its reader.
(root) => {
  const passing = new Set(["arrives", "unseen", "cursor"]); // classes of a moment
  const line = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent.replace(/\s+/g, " ");
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const attributes = [...node.attributes]
      .filter(({ name }) => !(name === "open" && node.matches("details")))
      .map(({ name, value }) => [name, name === "class" ? [...node.classList].filter((one) => !passing.has(one)).join(" ") : value])
      .filter(([name, value]) => value || name !== "class")
      .map(([name, value]) => ` ${name}="${value}"`)
      .sort();
    return `<${node.localName}${attributes.join("")}>${[...node.childNodes].map(line).join("")}</${node.localName}>`;
  };
  const regions = [...root.querySelectorAll("[data-region]:not([data-passing])")];
  return Object.fromEntries(regions.map((region) => [region.dataset.region, line(region).replace(/ ?(<[^>]*>) ?/g, "$1")]));
}
