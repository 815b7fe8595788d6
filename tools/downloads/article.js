/* What `tools.downloads` does in a page of the book, before it prints the page: it
   makes every name a place that links can lead to, unties links to what is not on paper,
   and copies the article for the volume, with names that no other page has. */

({pages, base, own, part, inPart}) => {
  const article = document.querySelector("article");
  const prefix = page => page.replaceAll("/", "-");
  const ours = node => !node.id.startsWith("MJX-"); // glyphs, the same in every page
  const all = (root, what) => [...root.querySelectorAll(what)];

  /** The page and the place that an address of the book means. */
  function inside(address) {
    if (!address.startsWith(base)) return null;
    const [path, place = ""] = address.slice(base.length).split("#");
    const page = decodeURI(path).replace(/\.html$/, "");
    return {page: pages.includes(page) ? page : null, place};
  }

  /** Chromium names the places that a link leads to, so each gets a link. */
  function nameAll(ids) {
    const links = document.createElement("div");
    links.hidden = true;
    for (const id of ids) {
      const link = document.createElement("a");
      link.href = `#${id}`;
      links.append(link);
    }
    document.body.append(links);
  }

  /** Say the page's title, without the signs beside it. */
  function title() {
    const text = article.querySelector("h1").cloneNode(true);
    all(text, ".headerlink, mjx-container").forEach(sign => sign.remove());
    return text.textContent.replace(/\s+/g, " ").trim();
  }

  /** Put headings below the part's, in the outline; they look as before. */
  function lower(copy) {
    for (const heading of all(copy, "h1, h2, h3, h4")) {
      heading.setAttribute("role", "heading");
      heading.setAttribute("aria-level", Number(heading.tagName[1]) + 1);
    }
    if (part) {
      const heading = document.createElement("h1");
      heading.className = "part";
      heading.textContent = part;
      copy.prepend(heading);
    }
  }

  /** Copy the article, unfolded, as a part of the volume. */
  function copied() {
    const copy = article.cloneNode(true);
    all(copy, "script, dialog, button, input, mjx-assistive-mml").forEach(n => n.remove());
    all(copy, "details").forEach(node => { node.open = true; });
    all(copy, ".toggle-hidden").forEach(n => n.classList.remove("toggle-hidden"));
    all(copy, "[id]").filter(ours).forEach(node => {
      node.id = `${prefix(own)}--${node.id}`;
    });
    for (const link of all(copy, "a[href]")) {
      const target = inside(link.href);
      if (!target) continue;
      link.setAttribute("href",
        `#${prefix(target.page)}${target.place && `--${target.place}`}`);
    }
    const drawn = all(article, "canvas");
    for (const canvas of all(copy, "canvas")) {
      const image = document.createElement("img");
      image.className = canvas.className;
      image.alt = "";
      image.src = drawn.shift().toDataURL();
      canvas.replaceWith(image);
    }
    for (const image of all(copy, "img")) image.src = image.src; // no longer relative
    if (inPart) lower(copy);
    copy.id = prefix(own);
    return copy.outerHTML;
  }

  for (const link of all(article, "a[href]")) {
    const target = inside(link.href);
    if (target && !target.page) link.removeAttribute("href");
  }
  const html = copied();
  nameAll(all(article, "[id]").filter(ours).map(node => node.id));
  const styles = all(document, "link[rel=stylesheet]").map(
    link => `<link rel="stylesheet" href="${link.href}">`);
  styles.push(document.querySelector("#MJX-SVG-styles")?.outerHTML ?? "");
  document.title = title();
  return {html, styles: styles.join("\n"), title: document.title};
}
