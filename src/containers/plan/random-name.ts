import { randomInt } from 'node:crypto';

const ADJECTIVES = `
able agile alert amber ample apt arctic astute august avid balmy bold brave breezy brief bright brisk bronze busy calm
candid careful cheery chief civil clear clever coastal cobalt coral cosmic crisp curious dapper daring deft dewy dynamic
eager early earnest easy elated elder epic exact fabled fair fancy fast festive fine fleet fluent fond frank free fresh
gentle genial giddy glad golden grand great happy hardy hearty helpful honest hopeful humble ideal jolly jovial joyful
keen kind lasting leafy light lively loyal lucid lucky lunar magic mellow merry mighty mild modest neat nimble noble
novel open patient placid plucky polite prime proud prudent quick quiet radiant rapid ready regal robust rosy rustic
sage serene sharp shiny silver simple sincere sleek smart snug solar solid spry stable steady stellar stoic sturdy
subtle sunny swift tidy timely tranquil trusty upbeat urban valiant vast vital vivid warm wise witty young zesty`
  .trim()
  .split(/\s+/);

/** Surnames of scientists, engineers and mathematicians. */
const SURNAMES = `
abel adleman ampere anning archimedes aryabhata avogadro babbage backus banach banneker bardeen bell bernoulli bessel
bohr boltzmann boole born bose boyle brahe brahmagupta braun brunel cannon cantor carson cauchy cavendish cerf chandrasekhar
chebyshev church clarke codd copernicus coulomb crick curie dalton darwin davy dedekind descartes diesel dijkstra dirac
doppler edison einstein elion engelbart euclid euler faraday fermat fermi feynman fischer fleming foucault fourier franklin
fresnel galileo galois gauss germain gibbs goodall haber hahn haldane halley hamilton hamming hardy heaviside heisenberg
helmholtz henry hertz herschel hilbert hodgkin hooke hopper hubble humboldt huxley huygens hypatia jacobi johnson joliot
joule kelvin kepler khayyam khwarizmi kilby kirch knuth kolmogorov kovalevskaya lagrange lamarr laplace lavoisier leavitt
leibniz liskov lorentz lovelace mach marconi maxwell mayer mcclintock meitner mendel mendeleev mirzakhani mobius morse
napier nash newton nightingale nobel noether noyce ohm oppenheimer ostrom pascal pasteur pauli pauling payne perlman planck
poincare poisson ptolemy pythagoras raman ramanujan riemann ritchie roentgen rubin russell rutherford sagan salk sammet
schrodinger shannon shockley somerville stokes swanson tesla thales thompson torvalds turing venn volta wallace watt
weierstrass wiles wilson wozniak wright wu yalow yukawa zhukovsky zuse`
  .trim()
  .split(/\s+/);

/** Number of attempts before digits are added. They are likely to find a free name. */
const PLAIN_TRIES = 6;

/**
 * Returns one of some 35,000 names `adjective_surname`. From the sixth retry on it has a digit, and more digits as
 * retries go on.
 */
export function randomName(retry: number): string {
  const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}`;
  return retry < PLAIN_TRIES ? name : `${name}${randomInt(10 ** Math.min(1 + Math.floor(retry / 20), 9))}`;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
