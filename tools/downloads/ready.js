/* Wait until a page is whole, then count what is missing all the same. */

async () => {
  if (window.MathJax) await MathJax.startup.promise;
  await document.fonts.ready;
  return {
    formulas: [...document.querySelectorAll("article .math")]
      .filter(node => !node.querySelector("mjx-container")).length,
    pictures: [...document.querySelectorAll("article img")]
      .filter(image => !image.naturalWidth).length,
  };
}
