package identity

import "strings"

// spokenWords are the 256 words of spoken fingerprints, one for each octet
// value, in alphabetical order. Any two differ in their first three letters
// and by at least three letters in all, so that one heard wrong over a bad
// radio is not another one.
func spokenWords() []string { return strings.Fields(wordText) }

const wordText = `
abacus acid acorn admiral agent album alley almond alpha amber anchor angel
antelope apple apron arctic armor aspen athlete atlas autumn badger bakery
bamboo banana barrel basket beacon bicycle bishop blossom bobcat bonfire
border bottle bravo bridge bronze buffalo butter cabin cactus camel candle
carpet cashew cedar cello century charlie cherry chimney cinema circus
clover cobra coconut coffee copper cotton cougar coyote cricket crystal
cupid curtain cyclone daisy dancer decoy delta denim desert diamond diesel
dipstick dolphin donkey dragon driver dusty dynamo eagle echo eclipse elbow
eleven emerald engine envoy estuary evening fabric factory falcon famous
feather fender festival fiddle firefly flagpole fortress fossil foxtrot
freedom frosty funnel galaxy garage gazelle geyser ginger giraffe glacier
goblet golden gondola granite grotto guardian guitar gumdrop gypsum harvest
hatchet helmet hickory holly hotel igloo india insect iris island ivory
jaguar jasmine jigsaw judo juliet jungle kayak kidney kilo kitchen koala
lagoon lantern laser lemon leopard lima linen lizard lobster locker lotus
magnet marble meadow merlin mirror mosaic mustang napkin nectar needle nickel
ninja north november nugget nutmeg oasis oboe ocean olive onion opal orange
orbit orchid oscar outpost oxygen papa parrot peanut pebble pelican pencil
piano pigeon pirate plateau polka pony poplar prairie puppet purple quartz
quebec rabbit raven ribbon romeo ruby rudder runway sandal sapphire saturn
scooter sierra silver skipper soda spider stadium summer sunset swallow tango
teapot temple thunder tobacco tomato tractor trumpet tulip tundra twilight
umbrella uniform urban vanilla victor violin volcano voyage vulture waffle
walnut whiskey window xray yankee yogurt zenith zigzag zinc zodiac zulu
`
